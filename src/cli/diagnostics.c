#include "cli/diagnostics.h"

#include <string.h>

#include "base/log.h"

static void print_lines(struct buffer *lines, enum log_level level)
{
    char *place = NULL;
    if (lines->data != NULL)
        for (char *line = strtok_r(lines->data, "\n", &place); line != NULL;
             line = strtok_r(NULL, "\n", &place))
            log_message(level, "%s", line);
    buffer_free(lines);
}

void diagnostics_print(struct buffer *problems, struct buffer *warnings)
{
    print_lines(warnings, LOG_LEVEL_WARNING);
    print_lines(problems, LOG_LEVEL_ERROR);
}
