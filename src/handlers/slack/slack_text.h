/*
 * slack_text: what an event says in a chat: one line, in Slack's own markup.
 */
#ifndef WOSYNC_HANDLERS_SLACK_SLACK_TEXT_H
#define WOSYNC_HANDLERS_SLACK_SLACK_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "handlers/handler.h"

/* Stands for the work order's id in the template of its address. */
#define SLACK_LINK_ID "{id}"

/*
 * Appends `:EMOJI: GREETINGHigh priority WO created by NAME: TITLE <ADDRESS|#ID>, assigned to NAMES`, with
 * what happened in the middle. People whose names the event does not hold are left out. What comes from
 * outside is brought to one line, cut at a readable length and escaped. greeting: "" or what every message
 * begins with; link: the template of the address. *urgent says whether the priority is HIGH.
 */
void slack_append_line(
    struct buffer *out, struct handler_event *event, const char *greeting, const char *link, bool *urgent);

#endif
