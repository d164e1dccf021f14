#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A copy of LEN characters with %xx and + decoded. */
static char *decode(const char *text, size_t len)
{
    char *out = base_alloc(len + 1, 1), *p = out;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            *p++ = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            *p++ = text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

static void parse_query(struct request *r)
{
    const char *p = r->query;

    while (*p != '\0') {
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        struct request_param *param;

        r->params = base_resize(r->params, r->nparams + 1, sizeof(*r->params));
        param = &r->params[r->nparams++];
        param->name = decode(p, name);
        param->value = name < len ? decode(p + name + 1, len - name - 1) : base_copy("");
        p += len + (p[len] == '&');
    }
}

struct request *request_new(const char *uri)
{
    struct request *r = base_alloc(1, sizeof(*r));
    size_t path = strcspn(uri, "?");

    r->path = base_alloc(path + 1, 1);
    memcpy(r->path, uri, path);
    r->query = base_copy(uri[path] == '?' ? uri + path + 1 : "");
    parse_query(r);
    return r;
}

void request_free(struct request *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->nparams; i++) {
        free(r->params[i].name);
        free(r->params[i].value);
    }
    free(r->params);
    free(r->path);
    free(r->query);
    buffer_free(&r->body);
    free(r);
}

void request_begin(struct request *r, struct MHD_Connection *connection, const char *method)
{
    const union MHD_ConnectionInfo *info;

    r->begun = true;
    r->connection = connection;
    snprintf(r->method, sizeof(r->method), "%s", method);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    r->socket = info != NULL ? info->connect_fd : -1;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    r->connection_no = info != NULL ? (uint64_t)(uintptr_t)info->socket_context : 0;
}

void request_body(struct request *r, const char *bytes, size_t len)
{
    if (r->body.len + len > REQUEST_BODY_MOST)
        r->body_too_large = true;
    else
        buffer_add(&r->body, bytes, len);
}

const char *request_param(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->nparams; i++)
        if (strcmp(r->params[i].name, name) == 0)
            return r->params[i].value;
    return NULL;
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

bool request_is(const struct request *r, const char *method, const char *path)
{
    return strcmp(r->method, method) == 0 && strcmp(r->path, path) == 0;
}
