/* The list of tensors: order, and the numbers beside the names. */
#include "tui.h"

/* The names are on the screen in this order. */
static void assert_order(const char *screen, const char *const *names, size_t count)
{
    const char *at = screen;
    for (size_t i = 0; i < count; i++) {
        at = strstr(at, names[i]);
        if (!at)
            fail_msg("%s is not where it should be:\n%s", names[i], screen);
        at += strlen(names[i]);
    }
}

static void what_is_measured_comes_first_and_the_worst_of_it(void **state)
{
    (void)state;
    /* two tensors are measured; the rest is not known and follows in natural order */
    char *screen = screen_of("%s --keys 'o<settle>J<settle>J<settle>' --size 120x36", DEMO " -t h.0.ln_1.bias");
    static const char *const names[] = { "SQNR dB", "h.0.attn.c_attn.bias ", "h.0.ln_1.bias ", "h.0.attn.c_attn.weight" };
    assert_order(screen, names, 4);
    free(screen);
    screen = screen_of("%s --keys 'o' --size 120x36", DEMO);
    assert_shows(screen, "sorted by signal to quantization noise");
    assert_shows(screen, "the smallest first");
    free(screen);
}

static void sort_by_size_and_back(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '<S-Tab>ooo' --size 80x24 -t h.0.mlp.c_fc.weight", DEMO);
    assert_shows(screen, "▼stored");
    assert_shows(line_of(screen, 6), "h.0.mlp.c_fc.weight");
    assert_shows(line_of(screen, 6), "KiB");
    free(screen);
    screen = screen_of("%s --keys '<S-Tab>oooI' --size 80x24 -t h.0.attn.c_proj.bias", DEMO);
    assert_shows(screen, "▲stored");
    assert_shows(line_of(screen, 6), "512 B");
    free(screen);
    screen = screen_of("%s --keys '<S-Tab>I<Home>' --size 80x24", DEMO);
    assert_shows(screen, "name ▼");
    assert_shows(line_of(screen, 6), "wte.weight");
    free(screen);
}

static void going_round_ends_where_it_began(void **state)
{
    (void)state;
    char *before = screen_of("%s --keys 'oO<Esc>' --size 120x36", DEMO);
    char *after = screen_of("%s --keys 'ooooooooooooooooooooooooo<Esc>' --size 120x36", DEMO);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_name_and_a_shape_never_touch(void **state)
{
    (void)state;
    static const char header[] = "{\"model.layers.12.block_sparse_moe.experts.2.w1.weight\":"
                                 "{\"dtype\":\"U8\",\"shape\":[8192,8192,1],\"data_offsets\":[0,67108864]}}";
    char bytes[512] = { 0 };
    uint64_t size = sizeof header - 1;
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    const char *path = testing_path(testing_folder(), "long.safetensors");
    testing_write(path, bytes, 8 + size);
    testing_result result = testing_run("truncate -s %zu %s", 8 + size + 67108864, path);
    testing_result_free(&result);
    char *screen = screen_of("%s --size 120x36 -s none", path);
    assert_shows(screen, "8 8192×8");
    free(screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_comes_first_and_the_worst_of_it),
        cmocka_unit_test(sort_by_size_and_back),
        cmocka_unit_test(going_round_ends_where_it_began),
        cmocka_unit_test(a_name_and_a_shape_never_touch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
