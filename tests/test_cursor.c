/* The bounded cursor: what fits is read, what does not fails for good and moves nothing. */
#include "testing.h"

#include "base/cursor.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void integers_are_little_endian(void **state)
{
    (void)state;
    ql_cursor c = ql_cursor_over(bytes, 15);
    assert_int_equal(ql_cursor_u8(&c), 0x01);
    assert_int_equal(ql_cursor_u16(&c), 0x0302);
    assert_int_equal(ql_cursor_u32(&c), 0x07060504);
    assert_true(ql_cursor_u64(&c) == UINT64_C(0x0f0e0d0c0b0a0908));
    assert_int_equal(ql_cursor_left(&c), 0);
    assert_false(c.failed);
}

static void a_read_that_does_not_fit_fails_for_good_and_moves_nothing(void **state)
{
    (void)state;
    ql_cursor c = ql_cursor_over(bytes, 5);
    assert_ptr_equal(ql_cursor_take(&c, 2), bytes);
    assert_true(ql_cursor_u32(&c) == 0);
    assert_true(c.failed);
    assert_int_equal(c.at, 2);
    assert_int_equal(ql_cursor_left(&c), 0);
    assert_int_equal(ql_cursor_u8(&c), 0);
    assert_null(ql_cursor_take(&c, 0));
    assert_int_equal(ql_cursor_peek(&c), -1);
    assert_int_equal(c.at, 2);
}

static void sizes_near_the_largest_do_not_wrap(void **state)
{
    (void)state;
    for (size_t size = SIZE_MAX; size > SIZE_MAX - 16; size--) {
        ql_cursor c = ql_cursor_over(bytes, sizeof bytes);
        ql_cursor_u64(&c);
        assert_null(ql_cursor_take(&c, size));
        assert_true(c.failed);
    }
}

static void peek_shows_the_next_byte_and_takes_nothing(void **state)
{
    (void)state;
    ql_cursor c = ql_cursor_over(bytes, 1);
    assert_int_equal(ql_cursor_peek(&c), 1);
    assert_int_equal(ql_cursor_peek(&c), 1);
    assert_int_equal(ql_cursor_u8(&c), 1);
    assert_int_equal(ql_cursor_peek(&c), -1);
    assert_false(c.failed);
}

static void nothing_can_be_read_over_nothing(void **state)
{
    (void)state;
    ql_cursor c = ql_cursor_over(NULL, 0);
    assert_int_equal(ql_cursor_peek(&c), -1);
    assert_int_equal(ql_cursor_left(&c), 0);
    assert_true(ql_cursor_u64(&c) == 0);
    assert_true(c.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),
        cmocka_unit_test(a_read_that_does_not_fit_fails_for_good_and_moves_nothing),
        cmocka_unit_test(sizes_near_the_largest_do_not_wrap),
        cmocka_unit_test(peek_shows_the_next_byte_and_takes_nothing),
        cmocka_unit_test(nothing_can_be_read_over_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
