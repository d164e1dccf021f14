/*
 * floor_post: posts the bodies of a file, 8 at a time: floor_post URL FILE. The file holds one body a line. Nothing
 * is signed, nothing is remembered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

enum { AT_A_TIME = 8 };

static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* Sends the next line, if there is one. Returns whether it did. */
static int send_next(CURLM *multi, CURL *client, FILE *file, char **line, size_t *capacity)
{
    ssize_t len = getline(line, capacity, file);
    if (len <= 0)
        return 0;
    curl_easy_setopt(client, CURLOPT_POSTFIELDSIZE, (long)len - 1);
    curl_easy_setopt(client, CURLOPT_POSTFIELDS, *line);
    curl_multi_add_handle(multi, client);
    return 1;
}

int main(int argc, char **argv)
{
    struct {
        CURL *client;
        char *line;
        size_t capacity;
    } slots[AT_A_TIME] = {0};
    if (argc != 3)
        die("usage", "floor_post URL FILE");
    FILE *file = fopen(argv[2], "r");
    if (file == NULL)
        die(argv[2], "it cannot be opened");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    int running = 0;
    long sent = 0;
    for (int i = 0; i < AT_A_TIME; i++) {
        slots[i].client = curl_easy_init();
        curl_easy_setopt(slots[i].client, CURLOPT_URL, argv[1]);
        curl_easy_setopt(slots[i].client, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(slots[i].client, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(slots[i].client, CURLOPT_PRIVATE, (char *)&slots[i]);
        sent += send_next(multi, slots[i].client, file, &slots[i].line, &slots[i].capacity);
    }
    do {
        CURLMsg *message;
        int left;
        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            long status = 0;
            CURL *client = message->easy_handle;
            curl_easy_getinfo(client, CURLINFO_RESPONSE_CODE, &status);
            if (message->data.result != CURLE_OK || status / 100 != 2)
                die(argv[1], "a delivery failed");
            curl_multi_remove_handle(multi, client);
            for (int i = 0; i < AT_A_TIME; i++)
                if (slots[i].client == client && send_next(multi, client, file, &slots[i].line, &slots[i].capacity)) {
                    sent++;
                    running++;
                }
        }
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    } while (running > 0);
    for (int i = 0; i < AT_A_TIME; i++) {
        curl_easy_cleanup(slots[i].client);
        free(slots[i].line);
    }
    curl_multi_cleanup(multi);
    printf("%ld\n", sent);
    return 0;
}
