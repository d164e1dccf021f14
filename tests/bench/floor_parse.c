/*
 * floor_parse: json-c reads every page and does nothing else: floor_parse DIRECTORY COUNT. The pages are files
 * named p1.json, p2.json, ...
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "floor.h"

int main(int argc, char **argv)
{
    static char page[8 << 20];
    if (argc != 3)
        die("usage", "floor_parse DIRECTORY COUNT");
    for (long i = 1, count = atol(argv[2]); i <= count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/p%ld.json", argv[1], i);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            die(path, "it cannot be opened");
        page[fread(page, 1, sizeof page - 1, file)] = '\0';
        fclose(file);
        struct json_object *doc = json_tokener_parse(page);
        if (doc == NULL)
            die(path, "it is not JSON");
        json_object_put(doc);
    }
    return 0;
}
