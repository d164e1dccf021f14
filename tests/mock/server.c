#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base.h"
#include "control.h"
#include "transport.h"

struct server {
    struct mock *mock;
    struct MHD_Daemon *daemon;
    atomic_uintptr_t connections; /* so far */
};

/* Numbers the TCP connections: the number is the socket's context. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
    struct server *s = context;

    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = (void *)(atomic_fetch_add(&s->connections, 1) + 1);
}

/* A request line has come. What is returned is the request's context from here on. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    return request_new(uri);
}

/* A request has been answered to its end, or its connection was lost. */
static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
    enum MHD_RequestTerminationCode code)
{
    struct server *s = context;
    struct request *r = *request_context;

    (void)connection;
    (void)code;
    if (r != NULL && r->counted) {
        pthread_mutex_lock(&s->mock->lock);
        journal_leave(s->mock->journal);
        pthread_mutex_unlock(&s->mock->lock);
    }
    request_free(r);
    *request_context = NULL;
}

/* Called for the headers, for each part of the body, and then once more. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size, void **request_context)
{
    struct server *s = context;
    struct request *r = *request_context;
    struct answer a = {0};

    (void)url;
    (void)version;
    if (!r->begun) {
        request_begin(r, connection, method);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        request_body(r, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (base_starts(r->path, "/mock/")) {
        control_answer(s->mock, r, &a);
    } else if (base_starts(r->path, "/sink/")) {
        control_sink(s->mock, r, &a);
    } else {
        r->counted = true;
        api_answer(s->mock, r, &a);
    }
    return transport_send(r, &a);
}

struct server *server_start(struct mock *m, uint16_t port)
{
    const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                           MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct server *s = base_alloc(1, sizeof(*s));
    const union MHD_DaemonInfo *info;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->mock = m;
    s->daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
    if (s->daemon == NULL)
        die("cannot listen on 127.0.0.1:%u; is the port taken?", port);
    info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL)
        die("libmicrohttpd does not tell its port");
    pthread_mutex_lock(&m->lock); /* the first request may be here already */
    snprintf(m->base_url, sizeof(m->base_url), "http://127.0.0.1:%u/v1", info->port);
    pthread_mutex_unlock(&m->lock);
    return s;
}

void server_stop(struct server *s)
{
    clock_end_pauses();
    MHD_stop_daemon(s->daemon);
    free(s);
}
