#include "support.h"

#include "deliver/seq_list.h"

/* What was added comes back, in a byte or two for each where they lie close together. */
static void test_numbers(void **state)
{
    struct seq_list list = {.count = 0};
    struct seq_list_place place = {.at = 0};
    static const int64_t gaps[] = {1, 1, 127, 128, 1, 16384, INT64_C(1) << 40, 3};
    int64_t seq = 0, read;
    (void)state;
    for (size_t i = 0; i < COUNT(gaps); i++)
        seq_list_add(&list, seq += gaps[i]);
    assert_int_equal(list.count, COUNT(gaps));
    seq = 0;
    for (size_t i = 0; i < COUNT(gaps); i++) {
        check(seq_list_next(&list, &place, &read) && read == (seq += gaps[i]), "number %zu: %lld", i,
            (long long)read);
    }
    check(!seq_list_next(&list, &place, &read), "there is one more");
    seq_list_free(&list);
    for (seq = 5; seq <= 100000; seq += 2)
        seq_list_add(&list, seq);
    check(list.bytes.len == list.count, "%zu bytes for %zu numbers", list.bytes.len, list.count);
    seq_list_free(&list);
    place = (struct seq_list_place){.at = 0};
    check(!seq_list_next(&list, &place, &read), "an empty list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
