/* The activations of the screen: a folder of them, and those that the demo model comes with. */
#include "screens.h"

#include <math.h>

#include "npy.h"
#include "qloupe.h"

#define LAYER "h.1.attn.c_attn"
#define REAL  "X data/inputs/" LAYER ".npy 512×256"
#define OTHER "synthetic 32×256, 5 outlier channels, seed 7: data/inputs has no wte.npy"

static void assert_all_show(const char *arguments, const char *const *shown)
{
    char *screen = screen_of("%s", arguments);
    for (size_t i = 0; shown[i]; i++)
        if (!strstr(screen, shown[i]))
            fail_msg("%s: '%s' is not on the screen:\n%s", arguments, shown[i], screen);
    free(screen);
}

static void the_demo_model_comes_with_its_inputs(void **state)
{
    (void)state;
    static const char *const real[] = { REAL, "5 of 256 input channels cost 10.6 dB", NULL };
    static const char *const without[] = { OTHER, NULL }, *const none[] = { "X synthetic 32×256", NULL };
    assert_all_show("-t " LAYER ".weight --size 160x36 --keys 3", real);
    assert_all_show("-t " LAYER ".weight --size 160x36 --keys 2", (const char *const[]) { REAL, NULL });
    assert_all_show("-t wte.weight --size 200x36 --keys 3", without);
    assert_all_show("-t wte.weight --size 160x36 --keys 2", without);
    assert_all_show(DEMO " -t " LAYER ".weight --size 160x36 --keys 2", none); /* named by its FILE: as any other */
    assert_all_show("-t " LAYER ".weight --x synthetic --size 160x36 --keys 2", none);
    assert_all_show("-t " LAYER ".weight --size 160x36 --keys '2:x<Enter>'", none);
    assert_all_show("--size 160x36 --keys ':open data/spike.npy<Enter><settle>2'",
                    (const char *const[]) { "X synthetic", NULL });
    assert_all_show("--size 160x36 --keys ':set x<Enter>'", (const char *const[]) { "x=synthetic", NULL }); /* the setting */
}

/* So does an installed one, whatever the current folder. */
static void an_installed_demo_model_does_too(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    testing_result result = testing_run("mkdir -p %s/bin %s/share/qloupe/inputs && cp \"$QLOUPE\" %s/bin/qloupe && cp " DEMO
                                        " %s/share/qloupe && cp "
                                        "data/inputs/" LAYER ".npy %s/share/qloupe/inputs && cd / && %s/bin/qloupe -t " LAYER
                                        ".weight --size 200x36 --keys 3 --screenshot %s/screen.txt",
                                        folder, folder, folder, folder, folder, folder, folder);
    if (result.exit_code != 0)
        fail_msg("%s", result.standard_error);
    testing_result_free(&result);
    char *screen = testing_read(testing_path(folder, "screen.txt"), NULL);
    assert_shows(screen, "share/qloupe/inputs/" LAYER ".npy 512×256");
    assert_shows(screen, "5 of 256 input channels cost 10.6 dB");
    free(screen);
}

static void every_tensor_gets_the_file_of_its_name(void **state)
{
    (void)state;
    static const char *const keys[] = { "--x data/inputs --keys 3J", "--keys ':x data/inputs<Enter>3J'",
                                        "--keys '3xdata/inputs<Enter>J'" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char arguments[400]; /* from a bias to the layer */
        snprintf(arguments, sizeof arguments, DEMO " -t h.1.attn.c_attn.bias --size 160x36 %s", keys[i]);
        assert_all_show(arguments, (const char *const[]) { REAL, "5 of 256 input channels cost 10.6 dB", NULL });
    }
    assert_all_show(DEMO
                    " -t h.1.mlp.c_proj.weight --x data/inputs --size 160x36 --keys '3<settle>:tensor wte.weight<Enter>'",
                    (const char *const[]) { OTHER, "32×256 × 256×256", NULL });
    assert_all_show(DEMO
                    " -t h.1.mlp.c_proj.weight --x data/inputs --size 160x36 --keys '2<settle>:tensor wte.weight<Enter>'",
                    (const char *const[]) { OTHER, NULL });
}

static void what_is_copied_names_what_was_multiplied(void **state)
{
    (void)state;
    assert_all_show("-t " LAYER ".weight --size 300x36 --keys '3<settle>yy'",
                    (const char *const[]) { "copied: qloupe matmul data/storyteller.safetensors -t " LAYER
                                            ".weight --x data/inputs -m fp32 ",
                                            NULL });
    assert_all_show(
        "-t wte.weight --size 300x36 --keys '3<settle>yy'",
        (const char *const[]) { " -t wte.weight --x synthetic --seed 7 --outlier-channels 5 --m 32 -m fp32 ", NULL });
    assert_all_show("-t " LAYER ".weight --size 300x36 --keys '2<settle>yy'",
                    (const char *const[]) { " --x data/inputs", NULL });
    assert_all_show("-t wte.weight --size 300x36 --keys '2<settle>yy'", (const char *const[]) { " --x synthetic", NULL });
    char *screen = screen_of("-t " LAYER ".weight --size 300x36 --keys yy"); /* nobody asked for a product */
    assert_shows(screen, "copied: qloupe compare");
    assert_shows_not(screen, "--x");
    free(screen);
}

static void folders_that_do_not_suit_are_refused_in_a_line(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    static const float values[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    float bad[12] = { 1, 2, 3 };
    bad[7] = (float)NAN;
    assert_true(npy_write(testing_path(folder, "w.npy"), "f4", 2, (uint64_t[]) { 4, 3 }, values));
    testing_result made = testing_run("mkdir %s/wide %s/nan %s/other %s/none", folder, folder, folder, folder);
    testing_result_free(&made);
    assert_true(npy_write(testing_path(folder, "wide/w.npy"), "f4", 2, (uint64_t[]) { 3, 4 }, values));
    assert_true(npy_write(testing_path(folder, "nan/w.npy"), "f4", 2, (uint64_t[]) { 4, 3 }, bad));
    assert_true(npy_write(testing_path(folder, "other/v.npy"), "f4", 2, (uint64_t[]) { 4, 3 }, values));
    static const struct {
        const char *x, *shown;
        bool is_kept; /* in place of those before */
    } rows[] = {
        { "wide", "wide/w.npy is 3x4, W is 4x3 (out x in): X needs 3 columns", true },
        { "nan", "nan/w.npy: X[2][1] is NaN; a product needs finite activations", true },
        { "other", "other: no file in this folder is X of a tensor here: a name such as w.npy would be", false },
        { "none", "none: no activations in this folder: X of tensor NAME.weight is NAME.npy in it", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s/w.npy --size 200x36 --keys '3<settle>:x %s/%s<Enter>'", folder, folder, rows[i].x);
        if (!strstr(screen, rows[i].shown) || !strstr(screen, "X synthetic 32×3") == !rows[i].is_kept)
            fail_msg("%s: '%s' is not on the screen, or other activations are:\n%s", rows[i].x, rows[i].shown, screen);
        free(screen);
        testing_result result = testing_run("\"$QLOUPE\" %s/w.npy --size 80x24 --x %s/%s", folder, folder, rows[i].x);
        assert_int_equal(result.exit_code, rows[i].is_kept ? 0 : 2);
        if (!rows[i].is_kept && !strstr(result.standard_error, rows[i].shown))
            fail_msg("%s", result.standard_error);
        testing_result_free(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_model_comes_with_its_inputs),
        cmocka_unit_test(an_installed_demo_model_does_too),
        cmocka_unit_test(every_tensor_gets_the_file_of_its_name),
        cmocka_unit_test(what_is_copied_names_what_was_multiplied),
        cmocka_unit_test(folders_that_do_not_suit_are_refused_in_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
