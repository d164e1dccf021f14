#include "base/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Longer words have no neighbours. */
enum { LONGEST = 40 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance, without regard to case; row i + 1 of the table holds the distances
 * of the first i letters of `a`. */
static int distance(const char *a, const char *b)
{
    const int len_a = (int)strlen(a), len_b = (int)strlen(b);
    int rows[LONGEST + 1][LONGEST + 1];
    for (int i = 0; i <= len_a; i++)
        for (int j = 0; j <= len_b; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            const int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            rows[i][j] = least(least(rows[i - 1][j], rows[i][j - 1]) + 1, rows[i - 1][j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    return rows[len_a][len_b];
}

const char *nearest_word(const char *word, const char *const *known, size_t count)
{
    const char *found = NULL;
    const size_t len = strlen(word);
    int best = len < 4 ? 1 : 2;
    if (len > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(known[i]) > LONGEST)
            continue;
        int edits = strcasecmp(word, known[i]) == 0 ? -1 : distance(word, known[i]);
        if (edits < best || (edits == best && found == NULL)) {
            best = edits;
            found = known[i];
        }
    }
    return found;
}
