/* The frame around the views, without a terminal: the command line, themes, the clipboard, the mouse, recordings. */
#include "tui.h"

#include "npy.h"

#define QAT "data/storyteller-qat-int3.safetensors"

/* The status line of a screen of 36 lines. */
static const char *status_of(const char *screen)
{
    return line_of(screen, 34);
}

/* ---- The command line ------------------------------------------------------------------------------------------ */

static void commands_do_what_keys_do(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *spec;
    } rows[] = {
        { ":scheme<Enter>", "zeropoint" },
        { ":bits<Enter>:bits<Enter>:undo<Enter>", "absmax:bits=7" },
        { ":more-bits<Enter>", "absmax:bits=2" },
        { ":spec zeropoint:bits=4<Enter>", "zeropoint:bits=4" },
        { ":spec   zeropoint  <Enter>", "zeropoint" },
        { ":gro<Enter>", "absmax:per=row" }, /* the only name that begins so */
        { ":bits<Esc>", "absmax" },
        { ":<Enter>", "absmax" },
        { "e:bits<Enter>", "absmax:bits=7" }, /* beside the knobs, too */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        if (strcmp(spec_on(screen), rows[i].spec) != 0)
            fail_msg("keys %s lead to %s, expected %s", rows[i].keys, spec_on(screen), rows[i].spec);
        free(screen);
    }
    char *screen = screen_of("%s --keys ':quit<Enter>bbb' --size 120x36", MATRIX);
    assert_string_equal(spec_on(screen), "absmax");
    free(screen);
}

static void commands_that_make_no_sense_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *message;
    } rows[] = {
        { ":frobnicate<Enter>", "there is no :frobnicate" },
        { ":shceme<Enter>", "did you mean :scheme?" },
        { ":p<Enter>", "may be :previous-scheme" },
        { ":zoom 3<Enter>", "takes nothing behind it" },
        { ":open<Enter>", "a file is missing" },
        { ":spec absmax:bits=99<Enter>", "bits=99" },
        { ":tensor nothing.like.it<Enter>", "no tensor matches 'nothing.like.it'" },
        { ":set colour=blue<Enter>",
          "there is no setting 'colour'; there are theme axis glyphs mouse sort spec x threads state" },
        { ":set temh=dark<Enter>", "did you mean theme?" },
        { ":set mouse=o<Enter>", "it can be mouse=[on]|off" },
        { ":set spec=absmax:bits=99<Enter>", "bits=99" },
        { ":set threads=0<Enter>", "it can be 1 to 1024" },
        { ":write-config<Enter>", "--no-state: nothing is read or written" },
        { ":set axis=cubic<Enter>", "it can be axis=[log]|linear" },
        { ":w /nonexistent/x.png<Enter>", "/nonexistent/x.png" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 160x36", MATRIX, rows[i].keys);
        if (!strstr(status_of(screen), rows[i].message))
            fail_msg("%s: '%s'", rows[i].keys, status_of(screen));
        assert_string_equal(spec_on(screen), "absmax");
        free(screen);
    }
}

static void tab_completes(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *line;
    } rows[] = {
        { ":zo<Tab>", ":zoom" },
        { ":previous-s<Tab>", ":previous-scheme" },
        { ":op<Tab>data/storyteller-q<Tab>", ":open " QAT },
        { ":open data/story<Tab>", ":open data/storyteller" },      /* what both share */
        { ":open data/story<Tab><Tab>", ":open " QAT },             /* then the first */
        { ":open data/story<Tab><Tab><Tab>", ":open " DEMO },       /* the second */
        { ":open data/story<Tab><Tab><Tab><S-Tab>", ":open " QAT }, /* and back */
        { ":open dat<Tab>", ":open data/" },
        { ":spec nf<Tab>", ":spec nf4" },
        { ":spec absmax:bi<Tab>", ":spec absmax:bits=" },
        { ":spec absmax:bits=4,pe<Tab>", ":spec absmax:bits=4,per=" },
        { ":spec absmax:bits=4,b<Tab>", ":spec absmax:bits=4,block=" }, /* bits is there already */
        { ":tensor h.3.mlp.c_proj.w<Tab>", ":tensor h.3.mlp.c_proj.weight" },
        { ":set axis=li<Tab>", ":set axis=linear" },
        { ":set sort=sq<Tab>", ":set sort=sqnr_db" },
        { ":set sp<Tab>", ":set spec=" },
        { ":zoom x<Tab>", ":zoom x" },
        { ":bits<Enter>:axis<Enter>:<Up><Up>", ":bits" }, /* what was typed before */
        { ":bits<Enter>:ne<Up><Up><Down>", ":ne" },       /* and what was being typed */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --keys '%s' --size 120x36", MATRIX, rows[i].keys);
        if (strcmp(status_of(screen) + 1, rows[i].line) != 0)
            fail_msg("keys %s make '%s', expected '%s'", rows[i].keys, status_of(screen) + 1, rows[i].line);
        free(screen);
    }
}

static void another_file_takes_the_place(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys 'bbbb:open " QAT "<Enter>b' --size 120x36", MATRIX);
    assert_shows(line_of(screen, 0), "storyteller-qat-int3.safetensors");
    assert_string_equal(spec_on(screen), "absmax:bits=3"); /* the spec stays, and keys go on with it */
    free(screen);
    static const char *const bad[] = { "/nonexistent.safetensors", "data/eval.txt", "tests" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) { /* the old file stays */
        screen = screen_of("%s --keys 'bb:open %s<Enter>' --size 250x36", MATRIX, bad[i]);
        assert_shows(status_of(screen), bad[i]);
        assert_shows(line_of(screen, 0), "storyteller.safetensors");
        assert_string_equal(spec_on(screen), "absmax:bits=6");
        assert_shows(screen, "h.2.mlp.c_fc.weight");
        free(screen);
    }
    screen = screen_of(
        "%s --keys ':open " QAT "<Enter>:open " DEMO "<Enter>:tensor h.2.mlp.c_fc.weight<Enter>b' --size 120x36", MATRIX);
    char *direct = screen_of("%s --keys 'b' --size 120x36", MATRIX);
    assert_string_equal(line_of(screen, 0), line_of(direct, 0));
    assert_string_equal(spec_on(screen), spec_on(direct));
    free(screen);
    free(direct);
}

static void what_another_view_does_is_done_there(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shows;
    } rows[] = {
        { "?copy to change<Enter>", "E is a copy to change" }, /* from the help of Explore */
        { ":add<Enter>", "E is a copy to change" },
        { ":baseline<Enter>", "[2 Compare]" },
        { "2?as a tree<Enter>", "a tree of names" }, /* from Compare, into Explore */
        { "2:tree<Enter>", "[1 Explore]" },
        { "e?as a tree<Enter>", "a tree of names" }, /* beside the knobs, which go */
        { "2?knobs: less<Enter>", "works only where it is said" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 120x36 --keys '%s'", MATRIX, rows[i].keys);
        if (!strstr(screen, rows[i].shows))
            fail_msg("after %s:\n%s", rows[i].keys, screen);
        free(screen);
    }
}

static void the_help_lists_commands_and_starts_them(void **state)
{
    (void)state;
    char *screen = screen_of("%s --keys '?another file' --size 120x36", MATRIX);
    assert_shows(screen, ":open");
    assert_shows(screen, "1 of 1");
    free(screen);
    screen = screen_of("%s --keys '?another file<Enter>' --size 120x36", MATRIX);
    assert_shows(status_of(screen), ":open");
    free(screen);
}

/* ---- Themes ---------------------------------------------------------------------------------------------------- */

static void themes_change_colours_and_nothing_else(void **state)
{
    (void)state;
    static const char *const themes[] = { "dark", "light", "safe", "mono" };
    const char *picture = testing_path(testing_folder(), "theme.png");
    char *plain = screen_of("%s --size 120x36", MATRIX), *first = NULL;
    size_t first_size = 0;
    for (size_t i = 0; i < sizeof themes / sizeof themes[0]; i++) {
        char *screen = screen_of("%s --size 120x36 --keys ':set theme=%s<Enter>'", MATRIX, themes[i]);
        assert_string_equal(screen, plain);
        free(screen);
        testing_result result = testing_run("\"$QLOUPE\" %s --size 120x36 --keys ':set theme=%s<Enter>' --screenshot %s",
                                            MATRIX, themes[i], picture);
        assert_int_equal(result.exit_code, 0);
        testing_result_free(&result);
        size_t size;
        char *bytes = testing_read(picture, &size);
        if (first) {
            assert_true(size != first_size || memcmp(bytes, first, size) != 0);
            free(bytes);
        } else {
            first = bytes;
            first_size = size;
        }
    }
    free(first);
    free(plain);
}

/* ---- The clipboard --------------------------------------------------------------------------------------------- */

static void the_copied_command_line_works(void **state)
{
    (void)state;
    char *screen = screen_of("%s --size 160x36 --keys 'bbyy'", MATRIX);
    assert_shows(status_of(screen), "copied: qloupe compare " DEMO " -t h.2.mlp.c_fc.weight -s absmax:bits=6");
    const char *command = strstr(status_of(screen), "qloupe compare ") + strlen("qloupe ");
    testing_result result = testing_run("\"$QLOUPE\" %s --json", command);
    assert_int_equal(result.exit_code, 0);
    char text[256];
    snprintf(text, sizeof text, "SQNR  %.2f dB", json_number(result.standard_output, "sqnr_db"));
    assert_shows(screen, text);
    free(screen);
    screen = screen_of("%s --size 160x36 --keys 'bb<settle>Y'", MATRIX);
    snprintf(text, sizeof text, "copied: h.2.mlp.c_fc.weight absmax:bits=6 %.2f dB 6.000 bits/wt",
             json_number(result.standard_output, "sqnr_db"));
    assert_shows(status_of(screen), text);
    testing_result_free(&result);
    free(screen);

    screen = screen_of("data/eval.txt --raw U8:4x8:0x10 --layout out,in --size 160x36 --keys yy");
    assert_shows(status_of(screen), " -s absmax --raw U8:4x8:0x10 --layout out,in"); /* how the file is read belongs to it */
    free(screen);
    const char *empty = testing_path(testing_folder(), "empty.npy");
    assert_true(npy_write(empty, "f4", 2, (uint64_t[]) { 0, 4 }, ""));
    static const char *const without[][2] = { { "Y", "there are no numbers yet" },
                                              { "yr", "there are no numbers yet" },
                                              { "yt", "there are no numbers yet" },
                                              { "yn", "there is no number yet" } };
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        screen = screen_of("%s --size 160x36 --keys '<settle>%s'", empty, without[i][0]);
        assert_shows(status_of(screen), without[i][1]);
        free(screen);
    }
}

static void the_number_that_is_copied_is_that_of_the_pane(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *status;
    } rows[] = {
        { "y", "copy what? The number here is 0.002478, step" },
        { "yx", "nothing was copied" },
        { "y<Esc>yn", "copied: 0.002477931324392557, step" },
        { "<S-Tab>yn", "copied: 36.5568384506948, SQNR dB" },
        { "<S-Tab>:set sort=size<Enter>yn", "copied: 524288, stored" }, /* the number beside its name */
        { "<Tab>yn", "copied: 36.5568384506948, SQNR dB" },
        { "<Tab><Tab>yn", "copied: 0.048162263526217504, standard deviation of the weights" },
        { "2<settle>lyn", "copied: 11.38586604467" }, /* of the selected column */
        { "2<settle>]yn", "SQNR dB of absmax:bits=4,per=row" },
        { "<Tab>V<settle>y<settle>n", " MSE of [512-682,192-195]" }, /* under the cursor of the map */
        { "2<settle><Tab><Tab><Tab><settle>yn", "copied: -0.314697265625, the weight W[654][194]" },
        { "2<settle>yt", "copied: a table of the columns, as Markdown" },
        { "2<settle>yr", "copied: h.2.mlp.c_fc.weight absmax 36.56 dB 8.000 bits/wt" },
        { "2<settle>yy",
          "copied: qloupe compare data/storyteller.safetensors -t h.2.mlp.c_fc.weight -s absmax -s absmax:bits=4" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 200x36 --keys '<settle>%s'", MATRIX, rows[i].keys);
        if (!strstr(status_of(screen), rows[i].status))
            fail_msg("after %s: '%s'", rows[i].keys, status_of(screen));
        free(screen);
    }
}

/* ---- What stands around a view ---------------------------------------------------------------------------------- */

static const char *footer_of(const char *screen, int rows)
{
    return line_of(screen, rows - 1);
}

static void a_newcomer_finds_the_main_keys_in_the_footer(void **state)
{
    (void)state;
    static const struct {
        const char *size;
        int rows;
        const char *keys, *labels[12];
    } rows[] = {
        { "80x24",
          24,
          "",
          { "? help", "s scheme", "g groups", "b bits", "c clip", "2 compare", "p pin", "w export", "q quit" } },
        { "80x24", 24, "2", { "? help", "s scheme", "c clip", "a add", "d drop", "w export", "q quit" } },
        { "60x16", 16, "", { "? help", "s scheme", "c clip", "2 compare", "w export", "q quit" } },
        { "60x16", 16, "2", { "? help", "s scheme", "c clip", "a add", "w export", "q quit" } },
        { "120x36", 36, "", { "& filter", "o sort", "t tree", "m scan", "e knobs", "2 compare" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size %s --keys '%s'", MATRIX, rows[i].size, rows[i].keys);
        for (size_t k = 0; rows[i].labels[k]; k++)
            assert_shows(footer_of(screen, rows[i].rows), rows[i].labels[k]);
        free(screen);
    }
}

/* Help and the way out stand in the footer wherever keys are not typed text, and where they are, the way back does. */
static void every_footer_says_where_help_and_the_way_out_are(void **state)
{
    (void)state;
    static const char *const sizes[] = { "60x16", "80x24", "120x36", "200x40" };
    static const int heights[] = { 16, 24, 36, 40 };
    static const char *const watching[] = { "",         "2",           "e",
                                            "z",        "2z",          "v",
                                            "<Tab>vv",  "<Tab>vvv",    "<Tab>vvvv",
                                            "<Tab>V",   "<Tab><Tab>v", "<Tab><Tab>vv",
                                            "2<Tab>",   "2<Tab><Tab>", "2<Tab><Tab><Tab>",
                                            "<S-Tab>tt" };
    static const char *const typing[] = { "&", "/", "w", "?", ":", "E", "e<Enter>", "y", "2e" };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t i = 0; i < sizeof watching / sizeof watching[0]; i++) {
            char *screen = screen_of("%s --size %s --keys '%s'", MATRIX, sizes[s], watching[i]);
            const char *footer = footer_of(screen, heights[s]);
            if (!strstr(footer, "? help") || !strstr(footer, "q quit"))
                fail_msg("after '%s' at %s: '%s'", watching[i], sizes[s], footer);
            free(screen);
        }
        for (size_t i = 0; i < sizeof typing / sizeof typing[0]; i++) {
            char *screen = screen_of("%s --size %s --keys '%s'", MATRIX, sizes[s], typing[i]);
            const char *footer = footer_of(screen, heights[s]);
            if (!strstr(footer, "Esc back"))
                fail_msg("after '%s' at %s: '%s'", typing[i], sizes[s], footer);
            free(screen);
        }
    }
}

static void the_title_names_the_views_before_the_file_in_full(void **state)
{
    (void)state;
    static const char *const sizes[] = { "60x16", "80x24", "120x36" };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *screen = screen_of("%s --size %s --keys 2", MATRIX, sizes[i]);
        assert_shows(line_of(screen, 0), "storyteller.safetensors");
        assert_shows(line_of(screen, 0), i == 0 ? " 1  [2 Compare]  3" : " 1 Explore  [2 Compare]  3 MatMul");
        free(screen);
    }
    const char *name = "a-file-of-a-name-that-is-far-too-long-for-sixty-columns-of-a-title.npy";
    const char *path = testing_path(testing_folder(), name);
    const float values[16] = { 1, 2, 3, -4 };
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { 4, 4 }, values));
    char *screen = screen_of("%s --size 60x16", path);
    assert_shows(line_of(screen, 0), "a-file");
    assert_shows(line_of(screen, 0), "[1 Explore]  2"); /* the others by their keys alone */
    free(screen);
}

static void escape_goes_back_one_step(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *shows, *shows_not;
    } rows[] = {
        { "2z<Esc>", "─ A absmax ─", NULL },               /* all panes again, */
        { "2z<Esc><Esc>", "[1 Explore]", "─ A absmax ─" }, /* then Explore, */
        { "&c_fc<Enter>2<Esc>", "8 of 52", NULL },         /* then the filter */
        { "&c_fc<Enter>2<Esc><Esc>", "─ 52 ─", "8 of 52" },
        { "z<Esc>", "─ Tensors ─", NULL },
        { "&c_fc<Enter>z<Esc>", "8 of 52", NULL },
        { "e<Esc>", "─ Tensors ─", NULL },
        { "eE<Esc>", "Knobs", "─ Tensors ─" },
        { "e:<Esc><Esc>", "─ Tensors ─", NULL },
        { "w<Esc>", "─ Tensors ─", "figure histogram" },
        { "2w<Esc>", "[2 Compare]", "figure histogram" },
        { "?x<Esc>", "─ Tensors ─", "search:" },
        { "y<Esc>", "─ Tensors ─", "copy what?" },
        { "<Esc><Esc><Esc>", "─ Tensors ─", NULL }, /* never out */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size 120x36 --keys '%s'", MATRIX, rows[i].keys);
        if (!strstr(screen, rows[i].shows) || (rows[i].shows_not && strstr(screen, rows[i].shows_not)))
            fail_msg("after %s:\n%s", rows[i].keys, screen);
        free(screen);
    }
}

/* ---- The mouse ------------------------------------------------------------------------------------------------- */

/* "<KIND:ROW,COL>" on the first `text` of a screen, in one of a few static buffers. */
static const char *on(const char *kind, const char *screen, const char *text)
{
    static char keys[32][32];
    static unsigned next;
    char *out = keys[next++ % 32];
    const char *at = strstr(screen, text), *line = screen;
    if (!at)
        fail_msg("'%s' is not on the screen:\n%s", text, screen);
    int row = 1, col = 1;
    for (const char *c = screen; c < at; c++)
        if (*c == '\n') {
            row++;
            line = c + 1;
        }
    for (const char *c = line; c < at; c++)
        col += ((unsigned char)*c & 0xC0) != 0x80; /* every character here takes one cell */
    snprintf(out, sizeof keys[0], "<%s:%d,%d>", kind, row, col);
    return out;
}

static void clicks_reach_what_is_drawn(void **state)
{
    (void)state;
    char *wide = screen_of("%s --size 120x36", MATRIX), *narrow = screen_of("%s --size 80x24", MATRIX);
    char *knobs = screen_of("%s --size 120x36 --keys e", MATRIX),
         *help = screen_of("%s --size 120x36 --keys '?one bit'", MATRIX);
    const struct {
        const char *size, *before, *click, *sees;
    } rows[] = {
        { "120x36", "", on("Click", wide, "h.2.mlp.c_fc.bias"), "Distribution · h.2.mlp.c_fc.bias" },
        { "120x36", "", on("Click", wide, "s scheme"), " zeropoint " },
        { "120x36", "", on("Click", wide, "b bits"), " absmax:bits=7 " },
        { "120x36", "", on("Click", wide, "? help"), "search:" },
        { "120x36", "", on("Click", wide, "1 Explore"), "Distribution" },
        { "120x36", "", on("Click", wide, "SQNR  36.56"), "▸ Error" },
        { "120x36", "", on("Click", wide, "Tensors"), "▸ Tensors" },
        { "120x36", "<settle>", on("Click", wide, "The range is set"), " absmax:per=block,block=64 " },
        { "120x36", "", on("Click", wide, "absmax"), "spec absmax" },
        { "120x36", "", on("WheelDown", wide, "h.1.attn.c_attn.bias"), "Distribution · h.2.mlp.c_proj.bias" },
        { "120x36", "", on("WheelUp", wide, "h.1.attn.c_attn.bias"), "Distribution · h.2.mlp.c_fc.bias" },
        { "120x36", "", on("WheelDown", wide, "SQNR  36.56"), "Distribution · h.2.mlp.c_fc.weight" }, /* another pane */
        { "120x36", "", on("WheelUp", wide, "kurtosis"), "Distribution · h.2.mlp.c_fc.weight" },
        { "120x36", "2", "<WheelDown:10,10><WheelUp:30,90><WheelDown:20,20>", "h.2.mlp.c_fc.weight" },
        { "120x36", "y", on("Click", wide, "Tensors"), "▸ Tensors" },          /* what was to be copied is dropped */
        { "120x36", "/h.3<Left>", on("Click", wide, "b bits"), "find / h.3" }, /* another footer is there */
        { "120x36", "?", on("Click", wide, "h.2.mlp.c_fc.bias"), "Distribution · h.2.mlp.c_fc.bias" }, /* beside the help */
        { "120x36", "?one bit", on("Click", help, "one bit fewer"), " absmax:bits=7 " },
        { "120x36", "?one bit", on("WheelDown", help, "one bit fewer"), "2 of 2" },
        { "120x36", "e", on("Click", knobs, "bits   "), "2 of" },
        { "120x36", "e", on("WheelDown", knobs, "bits   "), "2 of" },
        { "120x36", "ejj<Enter>row", on("Click", knobs, "bits   "), " absmax " }, /* what is half typed is dropped */
        { "80x24", "", on("Click", narrow, " Error"), "[Error]" },
        { "80x24", "", on("Click", narrow, "g groups"), " absmax:per=row " },
        { "80x24", "", on("Click", narrow, "2 compare"), "[2 Compare]" },
        { "80x24", "", on("Click", narrow, " 2 Compare"), "[2 Compare]" },
        { "60x16", "", "<Click:1,53>", "[2 Compare]" },
        { "80x24", "w", "<Click:10,10>", "figure histogram" }, /* nothing is reached through a box */
        { "80x24", "", "<Click:24,80><Click:16000,16000><WheelUp:1,1>", " absmax " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *screen = screen_of("%s --size %s --keys '%s%s'", MATRIX, rows[i].size, rows[i].before, rows[i].click);
        if (!strstr(screen, rows[i].sees))
            fail_msg("row %zu: '%s' is not there after '%s%s':\n%s", i, rows[i].sees, rows[i].before, rows[i].click, screen);
        free(screen);
    }
    free(wide);
    free(narrow);
    free(knobs);
    free(help);
}

static void clicks_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "<Click>",       "<Click:3>",       "<Click:0,1>",
                                       "<Click:1,2,3>", "<Click:1,99999>", "<Wheel:1,1>" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        testing_result result = testing_run("\"$QLOUPE\" %s --size 80x24 --keys '%s'", DEMO, bad[i]);
        assert_int_equal(result.exit_code, 2);
        assert_non_null(strstr(result.standard_error, bad[i]));
        testing_result_free(&result);
    }
}

/* ---- Record ---------------------------------------------------------------------------------------------------- */

static void a_recorded_session_leads_to_the_same_screen(void **state)
{
    (void)state;
    /* Each tensor that is passed is measured to its end: the list shows what is known of it. */
    static const char *const sessions[] = {
        "", /* nothing was pressed */
        "bb<settle><Enter>",
        "gg<settle><Enter>:tensor h.3.m<Enter><settle>Jejj<Enter>row<Enter><Esc>L",
        ":set theme=light<Enter>:tensor c_proj<Enter><settle><Click:10,10><settle><WheelDown:10,10>",
        ":tensor # <lt>x> \xc3\xa4 <Enter>", /* what scripts take for something else */
        "C-<C-l><Tab><S-Tab>?first<Enter>:open " QAT "<Enter>b",
        "b<C-z>b<settle>qbb",
        "xx<settle><Click:10,60><Drag:10,66><settle><Drag:10,70><Release:10,70>b<settle>0<settle>,,<Release:1,1>.",
    };
    const char *script = testing_path(testing_folder(), "session.keys");
    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
        char *once = screen_of("%s --size 120x36 --keys '%s' --record %s", MATRIX, sessions[i], script);
        char *again = screen_of("%s --size 120x36 --keys @%s", MATRIX, script);
        if (strcmp(once, again) != 0)
            fail_msg("%s: recorded\n%s\nonce\n%s\nagain\n%s", sessions[i], testing_read(script, NULL), once, again);
        free(once);
        free(again);
    }
}

static void a_record_says_what_keys_did_and_how_to_play_it(void **state)
{
    (void)state;
    const char *script = testing_path(testing_folder(), "session.keys");
    free(screen_of("%s -s absmax:bits=4 --size 100x30 --keys '<settle>b<settle>s/ln<Enter>' --record %s", MATRIX, script));
    char *text = testing_read(script, NULL), head[512];
    snprintf(head, sizeof head, "# qloupe %s -s absmax:bits=4 --size 100x30 --keys @%s", MATRIX, script);
    assert_string_equal(line_of(text, 0), head);
    assert_string_equal(line_of(text, 1), "<settle>"); /* so does the person who plays it wait for the first numbers */
    assert_non_null(strstr(text, "\nb                # one bit fewer"));
    assert_non_null(strstr(text, "\n<settle>\ns                # next scheme\n"));
    assert_non_null(strstr(text, "\nln\n<Enter>          # while typing: accept\n"));
    free(text);
    testing_result result = testing_run("\"$QLOUPE\" %s --keys b --size 80x24 --record /nonexistent/x", DEMO);
    assert_int_equal(result.exit_code, 2);
    assert_string_equal(result.standard_error, "qloupe: --record: /nonexistent/x: No such file or directory\n");
    testing_result_free(&result);
    result = testing_run("\"$QLOUPE\" %s --keys b --size 80x24 --record /dev/full", DEMO);
    assert_int_equal(result.exit_code, 2);
    assert_string_equal(result.standard_error, "qloupe: --record: /dev/full: not all keys could be written\n");
    testing_result_free(&result);
}

/* ---- Anything --------------------------------------------------------------------------------------------------- */

/* Random keys, words and clicks, without those that end or stop the session. */
static void write_random_script(const char *path, uint64_t seed, int count)
{
    static const char *const pieces[] = {
        "<Enter>",  "<Esc>",   "<Esc>",  "<Tab>",    "<S-Tab>",
        "<Up>",     "<Down>",  "<Left>", "<Right>",  "<PgUp>",
        "<PgDn>",   "<Home>",  "<End>",  "<BS>",     "<Del>",
        "<F1>",     "<C-u>",   "<C-c>",  "<C-l>",    "<C-r>",
        "<Space>",  "<lt>",    "<Hash>", "\xc3\xa4", "\xe4\xb8\xad",
        "?",        "s",       "S",      "g",        "G",
        "b",        "B",       "c",      "C",        "e",
        "E",        "+",       "-",      "u",        "J",
        "K",        "j",       "k",      "&",        "/",
        "n",        "N",       "h",      "l",        "z",
        "L",        "w",       "y",      "Y",        "r",
        "1",        "2",       "3",      ":",        ":set ",
        "theme=",   "axis=",   ":open ", "data/",    ":spec ",
        ":tensor ", "absmax:", "bits=",  "*",        "[",
        "0",        "9",       "x",      "a",        "<settle>",
        "X",        "]",       ",",      ".",        ";",
    };
    char *script = malloc((size_t)count * 32 + 1);
    size_t used = 0;
    assert_non_null(script);
    for (int i = 0; i < count; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const unsigned what = (unsigned)(seed >> 33), where = (unsigned)(seed >> 40);
        static const char *const mouse[] = { "Click", "Click", "WheelUp", "WheelDown", "Drag", "Drag", "Release" };
        if (what % 4 == 0)
            used += (size_t)sprintf(script + used, "<%s:%u,%u>", mouse[what / 4 % 7], where % 64 + 1, where / 64 % 256 + 1);
        else
            used += (size_t)sprintf(script + used, "%s", pieces[what / 4 % (sizeof pieces / sizeof pieces[0])]);
    }
    testing_write(path, script, used);
    free(script);
}

/* Each size gets keys of its own; the seed is the number of the row. What is written goes to a folder of its own. */
static void random_keys_and_clicks_are_survived(void **state)
{
    (void)state;
    static const char *const sizes[] = { "120x36", "80x24", "60x16",  "59x15", "1x1",   "200x60",
                                         "61x17",  "99x28", "100x29", "3x200", "300x3", "101x16" };
    const char *folder = testing_folder();
    char path[512];
    snprintf(path, sizeof path, "%s/random.keys", folder);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_random_script(path, i, 250);
        testing_result result =
            testing_run("demo=$(realpath " DEMO ") program=$(realpath \"$QLOUPE\") && cd %s && mkdir -p data && "
                        "\"$program\" \"$demo\" --size %s %s --keys @%s --screenshot out.txt",
                        folder, sizes[i], i % 3 == 1 ? "--ascii" : "", path);
        if (result.exit_code != 0)
            fail_msg("seed %zu at %s: exit %d, %s; the keys were %s", i, sizes[i], result.exit_code, result.standard_error,
                     testing_read(path, NULL));
        testing_result_free(&result);
    }
}

static void every_size_takes_commands_and_clicks(void **state)
{
    (void)state;
    static const int some[] = { 1, 2, 3, 5, 15, 16, 17, 24, 29, 59, 60, 61, 80, 100, 130 };
    enum { SOME = sizeof some / sizeof some[0] };
    for (int cols = 0; cols < SOME; cols++)
        for (int rows = cols % 2; rows < SOME; rows += 4)
            free(screen_of("-s absmax --size %dx%d " DEMO
                           " --keys ':z<Tab><Enter>:<Tab><Tab><Up><Esc><Click:%d,%d><Click:1,1>"
                           "<WheelDown:%d,%d>?<WheelDown:5,5><Esc>y:set theme=mono<Enter>'",
                           some[cols], some[rows], some[rows], some[cols], some[rows] / 2 + 1, some[cols] / 2 + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_do_what_keys_do),
        cmocka_unit_test(commands_that_make_no_sense_say_why),
        cmocka_unit_test(tab_completes),
        cmocka_unit_test(another_file_takes_the_place),
        cmocka_unit_test(what_another_view_does_is_done_there),
        cmocka_unit_test(the_help_lists_commands_and_starts_them),
        cmocka_unit_test(themes_change_colours_and_nothing_else),
        cmocka_unit_test(the_copied_command_line_works),
        cmocka_unit_test(the_number_that_is_copied_is_that_of_the_pane),
        cmocka_unit_test(a_newcomer_finds_the_main_keys_in_the_footer),
        cmocka_unit_test(every_footer_says_where_help_and_the_way_out_are),
        cmocka_unit_test(the_title_names_the_views_before_the_file_in_full),
        cmocka_unit_test(escape_goes_back_one_step),
        cmocka_unit_test(clicks_reach_what_is_drawn),
        cmocka_unit_test(clicks_that_are_none_are_refused),
        cmocka_unit_test(random_keys_and_clicks_are_survived),
        cmocka_unit_test(every_size_takes_commands_and_clicks),
        cmocka_unit_test(a_recorded_session_leads_to_the_same_screen),
        cmocka_unit_test(a_record_says_what_keys_did_and_how_to_play_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
