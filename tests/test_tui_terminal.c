/*
 * The terminal interface on a pseudo-terminal: sizes, signals, what is left behind. Waits for what the program writes, never
 * for a time; the deadline only ends a test that has failed.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define DEMO "data/storyteller.safetensors"

enum { DEADLINE_SECONDS = 60, OUTPUT_LIMIT = 4 << 20 };

typedef struct session {
    pid_t pid;
    int master;
    struct termios before;
    char *output;      /* all that came, zero-terminated */
    size_t size, seen; /* seen: where the last expected text ended */
} session;

static const char *program(void)
{
    const char *path = getenv("QLOUPE");
    return path ? path : "build/qloupe";
}

/* Starts `command` (for sh) on a terminal of this size and type. */
static session start(int rows, int cols, const char *terminal, const char *command)
{
    session s = { .output = calloc(1, OUTPUT_LIMIT) };
    assert_non_null(s.output);
    struct winsize size = { (unsigned short)rows, (unsigned short)cols, 0, 0 };
    int slave;
    assert_int_equal(openpty(&s.master, &slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(slave, &s.before), 0); /* before the program can change anything */
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        close(s.master);
        if (login_tty(slave) != 0)
            _exit(126);
        setenv("TERM", terminal, 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        setenv("QLOUPE", program(), 1);
        setenv("QLOUPE_NO_STATE", "1", 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(slave);
    return s;
}

/* Reads what has come; false when the terminal is closed or the deadline is over. */
static bool read_more(session *s, time_t deadline)
{
    struct pollfd fd = { .fd = s->master, .events = POLLIN };
    if (time(NULL) > deadline || poll(&fd, 1, 1000) < 0)
        return false;
    if (!fd.revents)
        return true;
    ssize_t got = read(s->master, s->output + s->size, OUTPUT_LIMIT - 1 - s->size);
    if (got > 0)
        s->size += (size_t)got;
    s->output[s->size] = 0;
    return got > 0;
}

/* Waits until the program writes `text`, after what was expected before. */
static void expect(session *s, const char *text)
{
    time_t deadline = time(NULL) + DEADLINE_SECONDS;
    char *found;
    while ((found = memmem(s->output + s->seen, s->size - s->seen, text, strlen(text))) == NULL)
        if (!read_more(s, deadline)) {
            kill(s->pid, SIGKILL);
            fail_msg("'%s' did not come; the last %d bytes were: %s", text, 500,
                     s->output + (s->size > 500 ? s->size - 500 : 0));
        }
    s->seen = (size_t)(found - s->output) + strlen(text);
}

static void type(session *s, const char *keys)
{
    assert_int_equal(write(s->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void resize(session *s, int rows, int cols)
{
    struct winsize size = { (unsigned short)rows, (unsigned short)cols, 0, 0 };
    assert_int_equal(ioctl(s->master, TIOCSWINSZ, &size), 0);
}

static bool has_written(const session *s, const char *text)
{
    return memmem(s->output, s->size, text, strlen(text)) != NULL;
}

/* Waits for the end; the wait status. */
static int end(session *s)
{
    time_t deadline = time(NULL) + DEADLINE_SECONDS;
    while (read_more(s, deadline)) {
    }
    if (time(NULL) > deadline)
        kill(s->pid, SIGKILL);
    int status = 0;
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void close_session(session *s)
{
    close(s->master);
    free(s->output);
}

static void assert_restored(const session *s)
{
    struct termios after;
    assert_int_equal(tcgetattr(s->master, &after), 0);
    assert_int_equal(after.c_iflag, s->before.c_iflag);
    assert_int_equal(after.c_oflag, s->before.c_oflag);
    assert_int_equal(after.c_cflag, s->before.c_cflag);
    assert_int_equal(after.c_lflag, s->before.c_lflag);
    assert_memory_equal(after.c_cc, s->before.c_cc, sizeof after.c_cc);

    /* The last of what switches the main screen, the cursor and the mouse is the way back. */
    const char *in = "\033[?1049h", *out = "\033[?1049l", *show = "\033[?25h", *hide = "\033[?25l";
    const char *mouse = "\033[?1000h", *no_mouse = "\033[?1000l";
    size_t last_in = 0, last_out = 0, last_show = 0, last_hide = 0, last_mouse = 0, last_no_mouse = 0;
    for (size_t i = 0; i + 8 <= s->size; i++) {
        const char *at = s->output + i;
        last_in = strncmp(at, in, 8) == 0 ? i + 1 : last_in;
        last_out = strncmp(at, out, 8) == 0 ? i + 1 : last_out;
        last_show = strncmp(at, show, 6) == 0 ? i + 1 : last_show;
        last_hide = strncmp(at, hide, 6) == 0 ? i + 1 : last_hide;
        last_mouse = strncmp(at, mouse, 8) == 0 ? i + 1 : last_mouse;
        last_no_mouse = strncmp(at, no_mouse, 8) == 0 ? i + 1 : last_no_mouse;
    }
    assert_true(last_in > 0);
    assert_true(last_out > last_in);
    assert_true(last_show > last_hide);
    assert_true(last_mouse > 0);
    assert_true(last_no_mouse > last_mouse);
}

static const char *qloupe_on_demo = "exec \"$QLOUPE\" " DEMO;

/* ---- Ends ------------------------------------------------------------------------------------------------------ */

static void q_quits_and_restores_the_terminal(void **state)
{
    (void)state;
    session s = start(36, 120, "xterm-256color", qloupe_on_demo);
    expect(&s, "SQNR");
    type(&s, "q");
    int status = end(&s);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_restored(&s);
    close_session(&s);
}

static void signals_restore_the_terminal(void **state)
{
    (void)state;
    static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        session s = start(24, 80, "xterm-256color", "ulimit -c 0; exec \"$QLOUPE\" " DEMO);
        expect(&s, "SQNR");
        kill(s.pid, signals[i]);
        int status = end(&s);
        if (signals[i] == SIGINT) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 130);
        } else {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), signals[i]);
        }
        assert_restored(&s);
        close_session(&s);
    }
}

static void control_c_cancels_and_never_quits(void **state)
{
    (void)state;
    session s = start(24, 80, "xterm-256color", qloupe_on_demo);
    expect(&s, "SQNR");
    type(&s, "\003\003");
    expect(&s, "nothing to stop");
    type(&s, "?");
    expect(&s, "search");
    type(&s, "\033q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

static void a_bad_file_never_touches_the_terminal(void **state)
{
    (void)state;
    session s = start(24, 80, "xterm-256color", "exec \"$QLOUPE\" /nonexistent.safetensors");
    int status = end(&s);
    assert_int_equal(WEXITSTATUS(status), 2);
    assert_true(has_written(&s, "/nonexistent.safetensors"));
    assert_false(has_written(&s, "\033"));
    close_session(&s);
}

/* ---- Sizes ----------------------------------------------------------------------------------------------------- */

static void any_size_at_any_moment_is_survived(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1, 1 },   { 2, 200 }, { 200, 2 },   { 36, 120 }, { 16, 60 },  { 15, 59 }, { 1, 80 },
                                    { 24, 80 }, { 24, 1 },  { 100, 300 }, { 17, 61 },  { 29, 101 }, { 3, 3 } };
    session s = start(36, 120, "xterm-256color", qloupe_on_demo);
    expect(&s, "SQNR");
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            resize(&s, sizes[i][0], sizes[i][1]);
            type(&s, i % 3 == 0 ? "b" : i % 3 == 1 ? "J" : "?x\033");
            if (round > 0 && i % 4 == 0)
                type(&s, "w\033");
        }
    resize(&s, 10, 40);
    expect(&s, "has 40x10");
    resize(&s, 36, 120);
    expect(&s, "Distribution");
    type(&s, "?");
    expect(&s, "search");
    type(&s, "\033q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

/* ---- Terminals ------------------------------------------------------------------------------------------------- */

static void every_kind_of_terminal_is_served(void **state)
{
    (void)state;
    static const char *const kinds[] = { "xterm-256color", "xterm",  "vt100", "vt220",
                                        "linux",          "screen", "ansi",  "xterm-mono" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        session s = start(24, 80, kinds[i], qloupe_on_demo);
        expect(&s, "SQNR");
        type(&s, "bgq");
        int status = end(&s);
        if (status != 0)
            fail_msg("on %s: status %#x", kinds[i], (unsigned)status);
        close_session(&s);
    }
    static const char *const unfit[] = { "dumb", "no-such-terminal" };
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
        session s = start(24, 80, unfit[i], qloupe_on_demo);
        int status = end(&s);
        assert_int_equal(WEXITSTATUS(status), 2);
        assert_true(has_written(&s, "TERM"));
        close_session(&s);
    }
}

static void no_color_means_no_color(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        bool colors;
    } rows[] = {
        { "exec \"$QLOUPE\" " DEMO, true },
        { "NO_COLOR=1 exec \"$QLOUPE\" " DEMO, false },
        { "exec \"$QLOUPE\" --color never " DEMO, false },
        { "NO_COLOR=1 exec \"$QLOUPE\" --color always " DEMO, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        session s = start(36, 120, "xterm-256color", rows[i].command);
        expect(&s, "SQNR");
        type(&s, "q");
        assert_int_equal(end(&s), 0);
        assert_int_equal(has_written(&s, "\033[38;5;"), rows[i].colors);
        close_session(&s);
    }
}

static void themes_keep_to_what_the_terminal_can_show(void **state)
{
    (void)state;
    static const struct {
        const char *terminal, *command, *theme;
        bool colors;
    } rows[] = {
        { "xterm-256color", "exec \"$QLOUPE\" " DEMO, "light", true },
        { "xterm-256color", "exec \"$QLOUPE\" " DEMO, "safe", true },
        { "xterm-256color", "exec \"$QLOUPE\" " DEMO, "mono", false },
        { "xterm-256color", "NO_COLOR=1 exec \"$QLOUPE\" " DEMO, "light", false },
        { "vt100", "exec \"$QLOUPE\" " DEMO, "light", false },
        { "xterm", "exec \"$QLOUPE\" " DEMO, "light", false }, /* 8 colours: none by number */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        session s = start(36, 120, rows[i].terminal, rows[i].command);
        char keys[64];
        expect(&s, "SQNR");
        snprintf(keys, sizeof keys, ":set theme=%s", rows[i].theme);
        type(&s, keys);
        expect(&s, "setting"); /* what the line says of it */
        s.seen = s.size;
        type(&s, "\r");
        expect(&s, "Distribution"); /* all is drawn anew */
        const size_t drawn = s.seen;
        type(&s, "q");
        assert_int_equal(end(&s), 0);
        assert_int_equal(memmem(s.output + drawn, s.size - drawn, "\033[38;5;", 7) != NULL, rows[i].colors);
        close_session(&s);
    }
}

static void keys_come_from_the_terminal_when_stdin_is_a_pipe(void **state)
{
    (void)state;
    session s = start(24, 80, "xterm-256color", "echo bbbb | \"$QLOUPE\" " DEMO);
    expect(&s, "SQNR");
    type(&s, "?");
    expect(&s, "search");
    type(&s, "\033q");
    assert_int_equal(end(&s), 0);
    assert_false(has_written(&s, "bits=4"));
    assert_restored(&s);
    close_session(&s);
}

static void the_mouse_is_heard(void **state)
{
    (void)state;
    session s = start(24, 80, "xterm-256color", "exec \"$QLOUPE\" " DEMO " -t h.2.mlp.c_fc.weight");
    expect(&s, "SQNR");
    type(&s, "\033[<0;3;4M\033[<0;3;4m"); /* pressed and released on the name of the first pane */
    expect(&s, "SQNR dB");
    type(&s, "\033[<65;10;10M"); /* the wheel, down the list */
    expect(&s, "h.2.mlp.c_proj.bias");
    type(&s, "\033[<6"); /* a report that comes in pieces */
    usleep(50000);
    type(&s, "4;10;");
    usleep(50000);
    type(&s, "10Mb");
    expect(&s, "bits=7");
    type(&s, "\033[<35;10;10M\033[<;;M\033[<x\033[<99999999999;1;1M\033[<0;0;0M\033[<0;1;111111111111111111111111111M");
    type(&s, "b");
    expect(&s, " / 31 = ");     /* 6 bits: none of that was anything */
    type(&s, "\033[<0;10;24M"); /* "s scheme" in the footer */
    expect(&s, "zeropoint");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

/* The end of the clipping range, at the left edge of the plot. */
static void the_mouse_drags(void **state)
{
    (void)state;
    session s = start(24, 80, "xterm-256color", "exec \"$QLOUPE\" " DEMO " -t h.2.mlp.c_fc.weight");
    expect(&s, "of 255 used");
    type(&s, "\033[<35;9;10M"); /* moved, but nothing is held */
    type(&s, "\033[<0;8;10M\033[<32;12;10M\033[<32;20;10M");
    expect(&s, "abs=0.219");
    expect(&s, "7.6e-04");                     /* per cent clipped, while the button is held */
    type(&s, "\033[<0;20;10m\033[<32;30;10M"); /* let go */
    type(&s, "ub");
    expect(&s, "bits=7");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

static void copies_go_to_the_terminal(void **state)
{
    (void)state;
    session s = start(36, 120, "xterm-256color", "exec \"$QLOUPE\" -t h.2.mlp.c_fc.weight " DEMO);
    expect(&s, "Try ");
    type(&s, "yy"); /* in base64: what the status line says */
    expect(&s, "\033]52;c;"
               "cWxvdXBlIGNvbXBhcmUgZGF0YS9zdG9yeXRlbGxlci5zYWZldGVuc29ycyAtdCBoLjIubWxwLmNfZmMud2VpZ2h0IC1zIGFic21heA==\a");
    expect(&s, "copied: qloupe compare data/storyteller.safetensors -t h.2.mlp.c_fc.weight -s absmax");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    close_session(&s);
}

/* What the terminal was asked to put into the clipboard, decoded; to be freed. */
static char *read_copy(session *s)
{
    expect(s, "\033]52;c;");
    const size_t begin = s->seen;
    expect(s, "\a");
    const char *path = testing_path(testing_folder(), "copy");
    testing_write(path, s->output + begin, s->seen - begin - 1);
    testing_result result = testing_run("base64 -d %s", path);
    assert_int_equal(result.exit_code, 0);
    char *text = strdup(result.standard_output);
    testing_result_free(&result);
    return text;
}

static void the_copied_table_is_what_the_command_line_prints(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *command;
    } rows[] = {
        { "<settle>yt", "quant " DEMO " -t h.2.mlp.c_fc.weight -s absmax --md" },
        { "2<settle>yt", "compare " DEMO " -t h.2.mlp.c_fc.weight -s absmax -s absmax:bits=4 "
                         "-s absmax:bits=4,per=block,block=64 -s nf4 --x synthetic --md" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[256];
        snprintf(command, sizeof command, "exec \"$QLOUPE\" -t h.2.mlp.c_fc.weight --keys '%s' " DEMO, rows[i].keys);
        session s = start(36, 120, "xterm-256color", command);
        char *copied = read_copy(&s);
        testing_result result = testing_run("LC_ALL=C.UTF-8 \"$QLOUPE\" %s", rows[i].command);
        assert_string_equal(copied, result.standard_output);
        testing_result_free(&result);
        free(copied);
        type(&s, "q");
        assert_int_equal(end(&s), 0);
        close_session(&s);
    }
}

static void another_file_is_opened_in_place(void **state)
{
    (void)state;
    session s = start(36, 120, "xterm-256color", qloupe_on_demo);
    expect(&s, "SQNR");
    type(&s, ":open data/storyteller-qat-int3.safetensors\r");
    expect(&s, "qat-int3.safetensors │");
    expect(&s, "SQNR");
    type(&s, ":open /nonexistent\rb");
    expect(&s, "bits=7");
    type(&s, "\033[F:open tests/formats/good/npy-1d.npy\r/x"); /* from the last of 52 tensors, typing on meanwhile */
    expect(&s, "npy-1d.npy │");
    type(&s, "\033Jz");
    expect(&s, "[Distribution]");
    type(&s, ":quit\r");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

/* ---- State ----------------------------------------------------------------------------------------------------- */

/* Runs `keys` in a session with state and config in `folder`, once `sees` and numbers were seen. */
static void remember(const char *folder, const char *arguments, const char *sees, const char *keys)
{
    char command[4096];
    snprintf(command, sizeof command,
             "unset QLOUPE_NO_STATE; XDG_CONFIG_HOME=%s/config XDG_STATE_HOME=%s exec \"$QLOUPE\" %s", folder, folder,
             arguments);
    session s = start(36, 120, "xterm-256color", command);
    expect(&s, sees);
    expect(&s, "SQNR");
    type(&s, keys);
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
}

static void a_file_is_opened_where_it_was_left(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    char place[512];
    snprintf(place, sizeof place, "%s/qloupe/state", folder);
    remember(folder, DEMO, "absmax", "/h.3.mlp.c_fc.w\rbb:set theme=light\rq");
    char *bytes = testing_read(place, NULL);
    assert_ptr_equal(strstr(bytes, "qloupe-state 1\ntheme light\nfile /"), bytes);
    assert_non_null(strstr(bytes, "/" DEMO "\ntensor h.3.mlp.c_fc.weight\nspec absmax:bits=6\n"));
    free(bytes);
    remember(folder, "./" DEMO, "absmax:bits=6", "q"); /* by another name */
    remember(folder, "", "Distribution · h.3.mlp.c_fc.weight", ":open data/storyteller-qat-int3.safetensors\rq");
    remember(folder, "-s zeropoint -t h.0.mlp.c_fc.weight " DEMO, "zeropoint", "q"); /* what is said comes first */
    bytes = testing_read(place, NULL);
    assert_non_null(strstr(bytes, "/" DEMO "\ntensor h.0.mlp.c_fc.weight\nspec zeropoint\n"));
    const char *first = strstr(bytes, "file /");
    for (int files = 0; first; first = strstr(first + 1, "file /"), files++)
        assert_true(files < 2); /* each once */
    free(bytes);
    remember(folder, "--no-state " DEMO, "absmax", "bbq");
    remember(folder, "--keys b " DEMO, "bits=7", "q"); /* a script does the same whatever was before */
    remember(folder, DEMO, "zeropoint", "q");
}

static void pins_are_kept(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    char place[512];
    snprintf(place, sizeof place, "%s/qloupe/state", folder);
    remember(folder, DEMO, "absmax", "2q"); /* columns that nobody asked for are not */
    char *bytes = testing_read(place, NULL);
    assert_null(strstr(bytes, "pin"));
    free(bytes);
    remember(folder, DEMO, "absmax",
             "pb:spec nf4\rpB2hhplq"); /* A absmax, B nf4, C nf4 with more: back to B, A the baseline */
    bytes = testing_read(place, NULL);
    assert_non_null(strstr(bytes, "\nspec nf4\npins 1 0\npin absmax\npin nf4\npin nf4\n"));
    free(bytes);
    session s;
    char command[1024];
    snprintf(command, sizeof command,
             "unset QLOUPE_NO_STATE; XDG_CONFIG_HOME=%s/config XDG_STATE_HOME=%s exec \"$QLOUPE\" " DEMO, folder, folder);
    s = start(36, 120, "xterm-256color", command);
    expect(&s, "SQNR");
    type(&s, "2");
    expect(&s, "A absmax");
    expect(&s, "C nf4");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    close_session(&s);
    remember(folder, "-s zeropoint " DEMO, "zeropoint", "q"); /* what is said comes first, alone */
    bytes = testing_read(place, NULL);
    assert_null(strstr(bytes, "pin"));
    free(bytes);
}

/* Several programs that end at once: the file is that of one of them, whole. */
static void states_written_at_once_are_whole(void **state)
{
    (void)state;
    enum { COUNT = 6 };
    const char *folder = testing_folder();
    char place[512], command[1024];
    snprintf(place, sizeof place, "%s/qloupe/state", folder);
    session s[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(
            command, sizeof command,
            "unset QLOUPE_NO_STATE; XDG_CONFIG_HOME=%s/config XDG_STATE_HOME=%s exec \"$QLOUPE\" -s absmax:bits=%d " DEMO,
            folder, folder, i + 2);
        s[i] = start(24, 80, "xterm-256color", command);
    }
    for (int i = 0; i < COUNT; i++)
        expect(&s[i], "SQNR");
    for (int i = 0; i < COUNT; i++)
        type(&s[i], "q");
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(end(&s[i]), 0);
        close_session(&s[i]);
    }
    char *bytes = testing_read(place, NULL);
    assert_ptr_equal(strstr(bytes, "qloupe-state 1\ntheme dark\nfile /"), bytes);
    assert_non_null(strstr(bytes, "\nspec absmax"));
    free(bytes);
    testing_result files = testing_run("ls -A %s/qloupe", folder);
    assert_string_equal(files.standard_output, "state\n"); /* nothing half-written */
    testing_result_free(&files);
}

static void damaged_state_is_ignored_with_a_note(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
#define ROW(text) { text, sizeof text - 1 }
        ROW(""),
        ROW("\n"),
        ROW("qloupe-state 2\ntheme dark\n"),
        ROW("qloupe-state 1\n"),
        ROW("qloupe-state 1\ntheme dark"),
        ROW("qloupe-state 1\ntheme plaid\n"),
        ROW("qloupe-state 1\ntheme dark\nfile relative\ntensor a\nspec absmax\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a\ntensor a\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a\ntensor a\nspec nonsense\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a%0\ntensor a\nspec absmax\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a%00\ntensor a\nspec absmax\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a\033[2J\ntensor a\nspec absmax\n"),
        ROW("qloupe-state 1\ntheme dark\nfile /a\0\ntensor a\nspec absmax\n"),
#define FILE_A "qloupe-state 1\ntheme dark\nfile /a\ntensor a\nspec absmax\n"
        ROW(FILE_A "pins 0 0\n"),
        ROW(FILE_A "pins 0 0\npin absmax\n"),
        ROW(FILE_A "pin absmax\n"),
        ROW(FILE_A "pins 2 0\npin absmax\npin nf4\n"),
        ROW(FILE_A "pins 0 2\npin absmax\npin nf4\n"),
        ROW(FILE_A "pins 1 0\npin absmax\npin nf4\n"), /* another than the spec */
        ROW(FILE_A "pins 0 0 0\npin absmax\npin nf4\n"),
        ROW(FILE_A "pins -1 0\npin absmax\npin nf4\n"),
        ROW(FILE_A "pins 0 0\npin absmax\npin nonsense\n"),
        ROW(FILE_A "pins 0 0\npin absmax\nfile /b\ntensor a\nspec absmax\n"),
        ROW(FILE_A "pins 0 0\npin absmax\npin nf4\npin nf4\npin nf4\npin nf4\npin nf4\npin nf4\n"),
        ROW(FILE_A "tensor a\n"),
        ROW("\x7f\x45LF\2\1\1\0\0\0\0\0\xff\xff\n\n\n"),
    };
    const char *folder = testing_folder();
    char inner[512], place[600];
    snprintf(inner, sizeof inner, "%s/qloupe", folder);
    snprintf(place, sizeof place, "%s/state", inner);
    mkdir(inner, 0700);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        testing_write(place, rows[i].bytes, rows[i].size);
        remember(folder, DEMO, "is damaged in line", "q");
        remember(folder, DEMO, "SQNR", "q"); /* it was written anew */
        char *bytes = testing_read(place, NULL);
        assert_ptr_equal(strstr(bytes, "qloupe-state 1\ntheme dark\nfile /"), bytes);
        free(bytes);
    }
    char many[8192] = "qloupe-state 1\ntheme mono\n"; /* as many as are kept, none of which is there */
    for (int i = 0; i < 32; i++)
        sprintf(many + strlen(many), "file /nonexistent/%d%%0A%%25\ntensor %%1B[2J\nspec absmax\n", i);
    testing_write(place, many, strlen(many));
    remember(folder, DEMO, "SQNR", "q");
    char *bytes = testing_read(place, NULL);
    assert_ptr_equal(strstr(bytes, "qloupe-state 1\ntheme mono\nfile /"), bytes);
    assert_non_null(strstr(bytes, "\nfile /nonexistent/30%0A%25\ntensor %1B[2J\n"));
    assert_null(strstr(bytes, "/nonexistent/31"));
    free(bytes);
}

static void state_that_cannot_be_kept_is_no_failure(void **state)
{
    (void)state;
    session s = start(
        36, 120, "xterm-256color",
        "unset QLOUPE_NO_STATE; XDG_CONFIG_HOME=/proc/nonexistent XDG_STATE_HOME=/proc/nonexistent exec \"$QLOUPE\" " DEMO);
    expect(&s, "SQNR");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    assert_true(has_written(&s, "qloupe: /proc/nonexistent/qloupe/state"));
    close_session(&s);
}

/* ---- Config ---------------------------------------------------------------------------------------------------- */

static void the_config_file_is_read_and_written_when_asked_for(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    char inner[512], place[600];
    snprintf(inner, sizeof inner, "%s/config", folder);
    mkdir(inner, 0700);
    snprintf(inner, sizeof inner, "%s/config/qloupe", folder);
    mkdir(inner, 0700);
    snprintf(place, sizeof place, "%s/config", inner);
    static const char config[] = "# mine\nspec = absmax:bits=5\nglyphs = ascii\ncolour = blue\nthreads = 2\n";
    testing_write(place, config, sizeof config - 1);
    remember(folder, DEMO, "/config:4: there is no setting 'colour'", ":set axis=linear\rq");
    char *bytes = testing_read(place, NULL);
    assert_string_equal(bytes, config); /* not asked for */
    free(bytes);
    remember(folder, DEMO, "absmax:bits=5", ":set threads=1\r:write-config\rq");
    bytes = testing_read(place, NULL);
    assert_string_equal(bytes, "# mine\nspec = absmax:bits=5\nglyphs = ascii\ncolour = blue\nthreads = 1\n");
    free(bytes);
    remember(folder, "--no-state " DEMO, "8 bits", "q");
    static const char qat[] = "data/storyteller-qat-int3.safetensors",
                      said[] = "-s zeropoint data/storyteller-qat-int3.safetensors";
    remember(folder, said, "zeropoint", ":set state=off\rq");
    remember(folder, qat, "absmax:bits=5", "q"); /* nothing was kept of it */
}

static void without_a_mouse_the_terminal_is_not_asked_for_one(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    char command[1024];
    testing_result result = testing_run("mkdir -p %s/qloupe && echo 'mouse = off' >%s/qloupe/config", folder, folder);
    testing_result_free(&result);
    snprintf(command, sizeof command, "unset QLOUPE_NO_STATE; XDG_CONFIG_HOME=%s XDG_STATE_HOME=%s exec \"$QLOUPE\" " DEMO,
             folder, folder);
    session s = start(36, 120, "xterm-256color", command);
    expect(&s, "SQNR");
    assert_false(has_written(&s, "\033[?1000h"));
    type(&s, ":set mouse=on\r");
    expect(&s, "\033[?1000h");
    type(&s, ":set mouse=off\r");
    expect(&s, "\033[?1000l");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    close_session(&s);
}

/* ---- Never wait ------------------------------------------------------------------------------------------------ */

/* A file of 32 GiB with nothing on the disk: its tensor takes long on any machine. */
static const char *write_endless(void)
{
    char header[128] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (131072, 65536), }";
    size_t used = 10 + strlen(header + 10);
    memset(header + used, ' ', sizeof header - used);
    header[127] = '\n';
    const char *path = testing_path(testing_folder(), "endless.npy");
    testing_write(path, header, sizeof header);
    return truncate(path, (off_t)sizeof header + ((off_t)131072 << 18)) == 0 ? path : NULL;
}

static void keys_are_acted_on_while_a_long_computation_runs(void **state)
{
    (void)state;
    const char *path = write_endless();
    if (!path)
        skip(); /* the file system has no sparse files */
    char command[4096];
    snprintf(command, sizeof command, "exec \"$QLOUPE\" %s", path);
    session s = start(36, 120, "xterm-256color", command);
    expect(&s, "reading the tensor"); /* the frame is there, the work runs */
    type(&s, "b");
    expect(&s, "bits=7");
    type(&s, "?");
    expect(&s, "search");
    type(&s, "\033\003");
    expect(&s, "stopped; r measures again");
    type(&s, "r");
    expect(&s, "reading the tensor");
    assert_false(has_written(&s, " dB ")); /* all that without an answer */
    type(&s, "q");                         /* does not wait for the end either */
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
    unlink(path);
}

/* A small tensor "a" and one of 16 GiB, "b". */
static const char *write_small_and_endless(void)
{
    static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[16,17179869200]}}";
    const float values[4] = { 1, 2, -3, 0.3F };
    char bytes[512];
    uint64_t size = sizeof header - 1;
    memcpy(bytes, &size, 8);
    memcpy(bytes + 8, header, size);
    memcpy(bytes + 8 + size, values, sizeof values);
    const char *path = testing_path(testing_folder(), "two.safetensors");
    testing_write(path, bytes, 8 + size + sizeof values);
    return truncate(path, (off_t)(8 + size) + 17179869200) == 0 ? path : NULL;
}

static void old_numbers_stay_and_say_so_while_new_ones_are_made(void **state)
{
    (void)state;
    const char *path = write_small_and_endless();
    if (!path)
        skip(); /* the file system has no sparse files */
    char command[4096];
    snprintf(command, sizeof command, "exec \"$QLOUPE\" %s", path);
    session s = start(36, 120, "xterm-256color", command);
    expect(&s, "SQNR");
    expect(&s, "Fine already");
    type(&s, "J");
    expect(&s, "still of the tensor before");
    type(&s, "K"); /* what was measured is there at once, and the long work has ended */
    expect(&s, "Fine already");
    type(&s, "b");
    expect(&s, "/127"); /* codes of the small one under the new spec */
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    assert_restored(&s);
    close_session(&s);
    unlink(path);
}

static void keys_are_played_on_a_terminal_too(void **state)
{
    (void)state;
    session s = start(36, 120, "xterm-256color", "exec \"$QLOUPE\" --keys 'bbbb<settle>' " DEMO);
    expect(&s, "bits=4");
    type(&s, "b"); /* and then it is the person's */
    expect(&s, "3");
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    close_session(&s);
}

static void timed_keys_leave_this_terminal_alone(void **state)
{
    (void)state;
    const char *path = write_endless();
    if (!path)
        skip(); /* the file system has no sparse files */
    static const int signals[] = { 0, SIGTERM, SIGINT, SIGSEGV };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        char command[4096];
        snprintf(command, sizeof command, "ulimit -c 0; echo begins; exec \"$QLOUPE\" --bench-ui 'ss?x<Esc>' %s",
                 signals[i] ? path : DEMO);
        session s = start(24, 80, "xterm-256color", command);
        expect(&s, "begins");
        if (signals[i]) {
            usleep(200000); /* while it measures, if it has come so far */
            kill(s.pid, signals[i]);
        }
        const int status = end(&s);
        if (signals[i] == 0)
            assert_int_equal(status, 0);
        else if (WIFSIGNALED(status))
            assert_int_equal(WTERMSIG(status), signals[i]);
        else
            assert_true(signals[i] == SIGINT && WEXITSTATUS(status) == 130);
        struct termios after;
        assert_int_equal(tcgetattr(s.master, &after), 0);
        assert_int_equal(after.c_lflag, s.before.c_lflag);
        assert_int_equal(after.c_iflag, s.before.c_iflag);
        assert_int_equal(after.c_oflag, s.before.c_oflag);
        assert_false(has_written(&s, "\033"));
        assert_int_equal(has_written(&s, "first repaint"), signals[i] == 0);
        close_session(&s);
    }
    unlink(path);
}

static void the_frame_comes_before_the_numbers(void **state)
{
    (void)state;
    session s = start(36, 120, "xterm-256color", qloupe_on_demo);
    expect(&s, "Distribution");
    expect(&s, "quit"); /* the footer ends the first frame */
    size_t frame = s.seen;
    expect(&s, "cosine");
    assert_true(s.seen > frame);
    assert_true(strstr(s.output, "cosine") > s.output + frame);
    type(&s, "q");
    assert_int_equal(end(&s), 0);
    close_session(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q_quits_and_restores_the_terminal),
        cmocka_unit_test(signals_restore_the_terminal),
        cmocka_unit_test(control_c_cancels_and_never_quits),
        cmocka_unit_test(a_bad_file_never_touches_the_terminal),
        cmocka_unit_test(any_size_at_any_moment_is_survived),
        cmocka_unit_test(every_kind_of_terminal_is_served),
        cmocka_unit_test(no_color_means_no_color),
        cmocka_unit_test(themes_keep_to_what_the_terminal_can_show),
        cmocka_unit_test(keys_come_from_the_terminal_when_stdin_is_a_pipe),
        cmocka_unit_test(the_mouse_is_heard),
        cmocka_unit_test(the_mouse_drags),
        cmocka_unit_test(copies_go_to_the_terminal),
        cmocka_unit_test(the_copied_table_is_what_the_command_line_prints),
        cmocka_unit_test(another_file_is_opened_in_place),
        cmocka_unit_test(a_file_is_opened_where_it_was_left),
        cmocka_unit_test(pins_are_kept),
        cmocka_unit_test(states_written_at_once_are_whole),
        cmocka_unit_test(damaged_state_is_ignored_with_a_note),
        cmocka_unit_test(state_that_cannot_be_kept_is_no_failure),
        cmocka_unit_test(the_config_file_is_read_and_written_when_asked_for),
        cmocka_unit_test(without_a_mouse_the_terminal_is_not_asked_for_one),
        cmocka_unit_test(keys_are_acted_on_while_a_long_computation_runs),
        cmocka_unit_test(old_numbers_stay_and_say_so_while_new_ones_are_made),
        cmocka_unit_test(keys_are_played_on_a_terminal_too),
        cmocka_unit_test(timed_keys_leave_this_terminal_alone),
        cmocka_unit_test(the_frame_comes_before_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
