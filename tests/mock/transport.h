/*
 * transport: the way from an answer to the wire.
 */
#ifndef MOCK_TRANSPORT_H
#define MOCK_TRANSPORT_H

#include "answer.h"
#include "request.h"

/* Sends A as the answer to R and clears it. What is returned is what libmicrohttpd's handler has to
 * return. */
enum MHD_Result transport_send(struct request *r, struct answer *a);

#endif
