/*
 * cgi: one request and one answer, as a web server gives and takes them (RFC 3875).
 */
#ifndef WOSYNC_CLI_CGI_H
#define WOSYNC_CLI_CGI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* True when a web server called us: REQUEST_METHOD is in the environment (section 4.1.12). */
bool cgi_is_request(void);

/*
 * Leaves the process that the web server knows, and returns in a child that does the work, with the same
 * stdin, stdout and stderr; the process itself waits for the child and takes over its exit status. For
 * servers end what they started as soon as its answer is there (lighttpd does), and what we do then is not to
 * be cut off. Where there is no other process to be had, it returns in this one.
 */
void cgi_step_aside(void);

/* The value of a request header, such as `x-maintainx-signature`; NULL where there is none (section 4.1.18).
 * It lies in the environment. */
const char *cgi_header(const char *name);

/* Who sent the request, for the log; "someone" where the server does not say. */
const char *cgi_remote(void);

/*
 * Reads the body of a POST, exactly CONTENT_LENGTH bytes of stdin
 * (section 4.2), at most `most`. Returns 0, or the HTTP status that is to be answered: 405 another method,
 * 411 no length, 400 a length that is no number or a body that is shorter, 413 too large (then it is read and
 * thrown away), 408 when it does not come within half a minute.
 */
int cgi_read_body(size_t most, struct buffer *body);

/* Answers on stdout: status, a body of JSON, and the headers that a status calls for (Allow, Retry-After).
 * Returns 0, or -1 when stdout did not take it. */
int cgi_answer(int status, const char *json);

/* Ends the answer: stdin, stdout and stderr are given up, so that the server need not wait for what comes
 * after. */
void cgi_detach(void);

#endif
