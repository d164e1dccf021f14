#include "sender.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum {
    ANSWER_MOST = 64 * 1024, /* bytes of an answer that are kept */
    WAIT_STEP = 100          /* ms between two looks whether the mock ends */
};

/* One connection's worth of work. */
struct slot {
    CURL *curl;
    struct delivery *delivery; /* NULL: free */
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
    int64_t began;
};

struct sending {
    CURLM *multi;
    struct slot slots[SENDER_CONNECTIONS_MOST];
    size_t nslots, busy;
    int64_t timeout, clock_skew;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        die("libcurl does not start");
}

static bool may_call(const char *url, struct problem *p)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    char *scheme = NULL, *host = NULL;
    CURLU *parts = curl_url();
    bool ok = false;

    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && strcmp(scheme, "http") == 0)
        for (size_t i = 0; i < COUNT_OF(loopback); i++)
            ok = ok || strcmp(host, loopback[i]) == 0;
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return ok || problem_set(p, "%s: only http to a loopback address is called", url);
}

static size_t keep_answer(char *bytes, size_t one, size_t n, void *context)
{
    struct delivery *d = context;

    if (d->answer.body.len + n <= ANSWER_MOST)
        buffer_add(&d->answer.body, bytes, n);
    return one * n;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);

    if (longer == NULL)
        die("out of memory");
    return longer;
}

static struct curl_slist *header_lines(const struct delivery *d, int64_t now)
{
    json_object *headers = delivery_headers(d, now);
    struct curl_slist *list = add_line(NULL, "Expect:"); /* no waiting for a 100 */

    json_object_object_foreach(headers, name, value)
    {
        const char *text = json_object_get_string(value);
        struct buffer line = {0};

        /* libcurl takes "name;" for a header without a value, "name:" for none at all */
        buffer_text(&line, name);
        buffer_text(&line, *text != '\0' ? ": " : ";");
        buffer_text(&line, text);
        list = add_line(list, line.data);
        buffer_free(&line);
    }
    json_object_put(headers);
    return list;
}

static void start(struct sending *s, struct slot *slot, struct delivery *d)
{
    slot->delivery = d;
    slot->headers = header_lines(d, clock_now() + s->clock_skew);
    slot->error[0] = '\0';
    slot->began = clock_steady();
    curl_easy_reset(slot->curl); /* keeps the connection */
    curl_easy_setopt(slot->curl, CURLOPT_URL, d->url);
    curl_easy_setopt(slot->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(slot->curl, CURLOPT_USERAGENT, "mock-maintainx");
    curl_easy_setopt(slot->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(slot->curl, CURLOPT_POSTFIELDS, d->body.len > 0 ? d->body.data : "");
    curl_easy_setopt(slot->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->body.len);
    curl_easy_setopt(slot->curl, CURLOPT_HTTPHEADER, slot->headers);
    curl_easy_setopt(slot->curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(slot->curl, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(slot->curl, CURLOPT_ERRORBUFFER, slot->error);
    curl_easy_setopt(slot->curl, CURLOPT_TIMEOUT_MS, (long)s->timeout);
    curl_easy_setopt(slot->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot->curl, CURLOPT_PRIVATE, slot);
    if (curl_multi_add_handle(s->multi, slot->curl) != CURLM_OK)
        die("libcurl takes no request");
    s->busy++;
}

/* WHY is NULL for a request that got its answer. */
static void finish(struct sending *s, struct slot *slot, const char *why)
{
    struct delivery_answer *a = &slot->delivery->answer;
    long status = 0;

    curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
    a->took = clock_steady() - slot->began;
    if (why == NULL)
        a->status = (unsigned)status;
    else
        problem_set(&a->problem, "%s", why);
    curl_multi_remove_handle(s->multi, slot->curl);
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    slot->delivery = NULL;
    s->busy--;
}

static void finish_done(struct sending *s)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(s->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        char *context = NULL;
        struct slot *slot;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
        slot = (struct slot *)(void *)context;
        if (code == CURLE_OK)
            finish(s, slot, NULL);
        else
            finish(s, slot, slot->error[0] != '\0' ? slot->error : curl_easy_strerror(code));
    }
}

static void work(struct sending *s, struct delivery *next)
{
    bool going = true;
    int running;

    while (going && (next != NULL || s->busy > 0)) {
        for (size_t i = 0; i < s->nslots && next != NULL; i++) {
            if (s->slots[i].delivery != NULL)
                continue;
            if (may_call(next->url, &next->answer.problem))
                start(s, &s->slots[i], next);
            next = next->next;
        }
        if (curl_multi_perform(s->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(s->multi, NULL, 0, WAIT_STEP, NULL) != CURLM_OK))
            die("libcurl fails");
        finish_done(s);
        going = clock_pause(0);
    }
    for (size_t i = 0; i < s->nslots; i++)
        if (s->slots[i].delivery != NULL)
            finish(s, &s->slots[i], "the mock ended");
    for (; next != NULL; next = next->next)
        problem_set(&next->answer.problem, "the mock ended");
}

void sender_send(struct delivery *first, size_t connections, int64_t timeout, int64_t clock_skew)
{
    struct sending *s = base_alloc(1, sizeof(*s));

    pthread_once(&once, begin_curl);
    s->nslots = connections;
    s->timeout = timeout;
    s->clock_skew = clock_skew;
    s->multi = curl_multi_init();
    for (size_t i = 0; i < s->nslots; i++) {
        s->slots[i].curl = curl_easy_init();
        if (s->multi == NULL || s->slots[i].curl == NULL)
            die("libcurl: out of memory");
    }
    work(s, first);
    for (size_t i = 0; i < s->nslots; i++)
        curl_easy_cleanup(s->slots[i].curl);
    curl_multi_cleanup(s->multi);
    free(s);
}
