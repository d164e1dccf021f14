/*
 * event_line: an event in one line, for people.
 */
#ifndef WOSYNC_CORE_EVENT_LINE_H
#define WOSYNC_CORE_EVENT_LINE_H

/* Makes `TIME  TYPE  #ID  "TITLE"  what happened  by NAME` from an event's JSON body; who did it is left out
 * where no name is known. Control characters are replaced. Returns a string to be freed. */
char *event_line(const char *body);

#endif
