/*
 * event_text: an event in one line, for people.
 */
#ifndef WOSYNC_SINKS_EVENT_TEXT_H
#define WOSYNC_SINKS_EVENT_TEXT_H

/* Makes `TIME  TYPE  #ID  "TITLE"  what happened` from an event's JSON body; control characters are replaced.
 * Returns a string to be freed. */
char *event_text(const char *body);

#endif
