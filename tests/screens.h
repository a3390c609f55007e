/*
 * Golden screens: what a command line leads to, compared with two recordings in tests/tui:
 *
 *   NAME.txt      the characters
 *   NAME.styles   a letter for the look of each of them, in its place, and below what the letters mean
 *
 * QLOUPE_UPDATE=1 writes both anew.
 */
#ifndef QL_TESTS_SCREENS_H
#define QL_TESTS_SCREENS_H

#include <stdbool.h>

#include "tui.h"

/* How a character looks: what the escape sequence before it says, without "\033[0;". */
typedef struct screens_look {
    char sgr[48], letter;
} screens_look;

/* Letters of the dark theme's looks, capital when bold; looks of other themes get what is left, in
   the order they come in. */
static const screens_look screens_known[] = {
    { "", '.' },
    { "1", '*' },
    { "38;2;95;175;255", 'b' },
    { "1;38;2;95;175;255", 'B' },
    { "38;2;255;175;95", 'o' },
    { "1;38;2;255;175;95", 'O' },
    { "38;2;215;135;215", 'm' },
    { "1;38;2;215;135;215", 'M' },
    { "38;2;255;95;95", 'r' },
    { "1;38;2;255;95;95", 'R' },
    { "38;2;95;215;135", 'g' },
    { "1;38;2;95;215;135", 'G' },
    { "38;2;255;215;95", 'y' },
    { "1;38;2;255;215;95", 'Y' },
    { "38;2;138;138;138", 'f' },
    { "38;2;88;88;88", 'd' },
    { "38;2;117;119;124", 'h' },               /* dim without colours: halfway to the background */
    { "38;2;22;24;29;48;2;212;215;221", '#' }, /* reversed */
};
enum { SCREENS_KNOWN = sizeof screens_known / sizeof screens_known[0], SCREENS_LOOKS = 64 };

static inline char screens_letter(screens_look looks[SCREENS_LOOKS], const char *sgr)
{
    static const char left[] = "0123456789ACDEFHIJKLNPQSTUVWXZ";
    size_t next = 0;
    for (size_t i = 0; i < SCREENS_KNOWN; i++)
        if (strcmp(screens_known[i].sgr, sgr) == 0) {
            looks[i] = screens_known[i];
            return looks[i].letter;
        }
    for (size_t i = SCREENS_KNOWN; i < SCREENS_LOOKS && next < sizeof left - 1; i++, next++) {
        if (!looks[i].letter) {
            snprintf(looks[i].sgr, sizeof looks[i].sgr, "%s", sgr);
            looks[i].letter = left[next];
        }
        if (strcmp(looks[i].sgr, sgr) == 0)
            return looks[i].letter;
    }
    fail_msg("more looks on one screen than there are letters");
    return 0;
}

/* Splits a screenshot .ans into its characters and its looks; both to be freed. */
static inline void screens_split(const char *ans, char **text, char **styles)
{
    screens_look looks[SCREENS_LOOKS] = { 0 };
    char sgr[48] = "", *t = *text = malloc(strlen(ans) + 1), *s = *styles = malloc(strlen(ans) + 8192), *end = s;
    assert_true(t && s);
    for (const char *c = ans; *c; c++) {
        if (strncmp(c, "\033[0", 3) == 0) {
            const size_t size = strcspn(c + 3, "m");
            snprintf(sgr, sizeof sgr, "%.*s", (int)(size > 0 ? size - 1 : 0), c + 4);
            c += 3 + size;
            continue;
        }
        const bool goes_on = ((unsigned char)*c & 0xC0) == 0x80;
        *t++ = *c;
        if (*c == '\n') { /* without spaces at the end */
            s = end;
            *s++ = '\n';
            end = s;
        } else if (!goes_on) {
            const bool is_blank = *c == ' ' && !strstr(sgr, "48;");
            *s++ = is_blank ? ' ' : screens_letter(looks, sgr);
            end = is_blank ? end : s;
        }
    }
    *t = 0;
    s = end;
    for (size_t i = 0; i < SCREENS_LOOKS; i++)
        if (looks[i].letter)
            s += sprintf(s, "\n%c  %s", looks[i].letter, looks[i].sgr);
    strcpy(s, "\n");
}

static inline void screens_compare(const char *name, const char *ending, const char *now)
{
    char path[256];
    snprintf(path, sizeof path, "tests/tui/%s.%s", name, ending);
    if (getenv("QLOUPE_UPDATE"))
        testing_write(path, now, strlen(now));
    char *recorded = testing_read(path, NULL);
    for (int i = 0; strcmp(now, recorded) != 0; i++)
        if (strcmp(line_of(now, i), line_of(recorded, i)) != 0)
            fail_msg("%s differs from line %d on:\n%s\nis recorded; now it is\n%s\non\n%s", path, i + 1,
                     line_of(recorded, i), line_of(now, i), now);
    free(recorded);
}

/* The screen that the arguments lead to is as recorded under this name. */
static inline void assert_screen(const char *name, const char *arguments)
{
    static const char *folder;
    folder = folder ? folder : testing_folder();
    const char *path = testing_path(folder, "screen.ans");
    testing_result result = testing_run("\"$QLOUPE\" --screenshot %s %s", path, arguments);
    if (result.exit_code != 0)
        fail_msg("exit %d: %s%s", result.exit_code, arguments, result.standard_error);
    assert_string_equal(result.standard_error, "");
    testing_result_free(&result);
    char *ans = testing_read(path, NULL), *text, *styles;
    screens_split(ans, &text, &styles);
    screens_compare(name, "txt", text);
    screens_compare(name, "styles", styles);
    free(ans);
    free(text);
    free(styles);
}

/* The same at three sizes, each with colours, without, and in ASCII: NAME-80x24, NAME-80x24-mono, NAME-80x24-ascii ... */
static inline void assert_screen_everywhere(const char *name, const char *arguments)
{
    static const char *const sizes[] = { "80x24", "120x36", "200x60" };
    static const struct {
        const char *ending, *arguments;
    } modes[] = { { "", "--color always" }, { "-mono", "--color never" }, { "-ascii", "--ascii" } };
    char whole_name[64], all[512];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
            snprintf(whole_name, sizeof whole_name, "%s-%s%s", name, sizes[s], modes[m].ending);
            snprintf(all, sizeof all, "%s --size %s %s", arguments, sizes[s], modes[m].arguments);
            assert_screen(whole_name, all);
        }
}

#endif
