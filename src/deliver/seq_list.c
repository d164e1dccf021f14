#include "deliver/seq_list.h"

void seq_list_add(struct seq_list *list, int64_t seq)
{
    uint64_t difference = (uint64_t)(seq - list->last);
    do {
        char byte = (char)(difference & 0x7f);
        difference >>= 7;
        if (difference != 0)
            byte = (char)(byte | 0x80);
        buffer_append(&list->bytes, &byte, 1);
    } while (difference != 0);
    list->last = seq;
    list->count++;
}

bool seq_list_next(const struct seq_list *list, struct seq_list_place *place, int64_t *seq)
{
    uint64_t difference = 0;
    if (place->at == list->bytes.len)
        return false;
    for (int shift = 0;; shift += 7) {
        uint64_t byte = (unsigned char)list->bytes.data[place->at++];
        difference |= (byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            break;
    }
    place->last += (int64_t)difference;
    *seq = place->last;
    return true;
}

void seq_list_free(struct seq_list *list)
{
    buffer_free(&list->bytes);
    *list = (struct seq_list){.count = 0};
}
