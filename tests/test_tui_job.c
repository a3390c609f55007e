/* The terminal interface as the job of a shell: stopped and continued, idle, and what it sends while it works. */
#include "testing.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

#define DEMO "data/storyteller.safetensors"

enum { DEADLINE_SECONDS = 60 };

typedef struct session {
    job job;
    bool has_stopped, has_ended, as_were;
    int status;
} session;

static void start_sized(session *s, const char *type, int rows, int cols)
{
    static char program[PATH_MAX];
    const char *path = getenv("QLOUPE");
    assert_non_null(realpath(path ? path : "build/qloupe", program));
    const char *const arguments[] = { program, DEMO, "-t", "h.2.mlp.c_fc.weight", NULL };
    const char *const environment[] = { "TERM", type, "LC_ALL", "C.UTF-8", "QLOUPE_NO_STATE", "1", "NO_COLOR", "", NULL };
    const job_command command = { arguments, environment, ".", NULL, rows, cols };
    *s = (session) { 0 };
    assert_true(job_start(&s->job, &command));
}

static void start(session *s, const char *type)
{
    start_sized(s, type, 36, 120);
}

/* Reads for a moment; what it was told is noted. */
static void step(session *s)
{
    const job_news news = job_step(&s->job, 50);
    if (s->job.screen.problem[0])
        fail_msg("it sent %s", s->job.screen.problem);
    assert_int_not_equal(news.what, JOB_GONE);
    s->has_stopped |= news.what == JOB_STOPPED;
    s->has_ended |= news.what == JOB_ENDED;
    if (news.what == JOB_STOPPED || news.what == JOB_ENDED) {
        s->as_were = news.as_were;
        s->status = news.value;
    }
}

/* Steps until the condition holds. */
#define UNTIL(s, condition)                                                                                                 \
    do {                                                                                                                    \
        const time_t begin = time(NULL);                                                                                    \
        while (!(condition)) {                                                                                              \
            step(s);                                                                                                        \
            if (time(NULL) - begin > DEADLINE_SECONDS)                                                                      \
                fail_msg("%s did not come; it sent last: %s", #condition, (s)->job.last);                                   \
        }                                                                                                                   \
    } while (0)

static void type(session *s, const char *keys)
{
    assert_true(job_type(&s->job, keys, strlen(keys)));
}

/* Types and waits until the text is among what came last. */
static void type_for(session *s, const char *keys, const char *text)
{
    s->job.last[0] = 0;
    s->job.last_size = 0;
    type(s, keys);
    UNTIL(s, strstr(s->job.last, text));
}

static void assert_left(const session *s)
{
    assert_true(s->as_were);
    assert_true(vt_is_left(&s->job.screen));
}

static void quit(session *s)
{
    type(s, "q");
    UNTIL(s, s->has_ended);
    assert_int_equal(s->status, 0);
    assert_left(s);
    job_close(&s->job);
}

static size_t sum_switches(const session *s)
{
    char folder[64], path[400], line[256];
    size_t sum = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", s->job.pid);
    DIR *tasks = opendir(folder);
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s/status", folder, task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        size_t count;
        while (file && fgets(line, sizeof line, file))
            if (sscanf(line, "voluntary_ctxt_switches: %zu", &count) == 1)
                sum += count;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return sum;
}

/* ---- Tests ----------------------------------------------------------------------------------------------------- */

/* The terminal descriptions differ in what they call ^Z, the keypad, the other screen. */
static void control_z_gives_the_terminal_back_and_fg_takes_it_again(void **state)
{
    (void)state;
    static const char *const types[] = { "xterm-256color", "xterm", "linux", "vt100", "screen-256color", "tmux-256color" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        session s;
        start(&s, types[i]);
        UNTIL(&s, strstr(s.job.last, "quit"));
        for (int times = 0; times < 2; times++) {
            s.has_stopped = false;
            type(&s, "\032");
            UNTIL(&s, s.has_stopped);
            assert_left(&s);
            const size_t clears = s.job.screen.clears;
            job_resize(&s.job, 24 + 12 * times, 80 + 40 * times);
            job_continue(&s.job);
            UNTIL(&s, s.job.screen.clears > clears && !s.job.screen.synchronized);
            type_for(&s, "?", "search");
            type_for(&s, "\033", "quit");
        }
        quit(&s);
    }
}

/* No process at all: nobody wakes up, and nothing is sent. */
static void idle_it_sleeps_until_something_comes(void **state)
{
    (void)state;
    session s;
    start(&s, "xterm-256color");
    UNTIL(&s, strstr(s.job.last, "Try "));
    size_t switches, bytes, quiet = 0;
    const time_t begin = time(NULL);
    while (quiet < 3) { /* once the last of the work is done */
        switches = sum_switches(&s);
        bytes = s.job.screen.bytes;
        for (int i = 0; i < 6; i++)
            step(&s);
        quiet = sum_switches(&s) == switches && s.job.screen.bytes == bytes ? quiet + 1 : 0;
        if (time(NULL) - begin > DEADLINE_SECONDS)
            fail_msg("it wakes up again and again, or sends: %s", s.job.last);
    }
    quit(&s);
}

/* Every repaint is one synchronized update (vt.c complains of the rest), and none begins with an empty screen. */
static void repaints_send_what_changed_and_never_erase(void **state)
{
    (void)state;
    session s;
    start(&s, "xterm-256color");
    UNTIL(&s, strstr(s.job.last, "Try "));
    const size_t clears = s.job.screen.clears, frames = s.job.screen.frames;
    /* An answer may repaint before a key is read: keys side by side that undo each other could then come to nothing. */
    static const char *const keys[] = { "b", "g", "s", "J", "L", "\t", "v", "z", "u", "2", "m", "K", "z", "1" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const size_t before = s.job.screen.frames;
        type(&s, keys[i]);
        UNTIL(&s, s.job.screen.frames > before);
    }
    type_for(&s, "?", "Esc"); /* no key may follow Esc before it has been answered: together they are another */
    type_for(&s, "\033", "quit");
    type_for(&s, ":", "help"); /* a number that moves would have been drawn by then */
    type_for(&s, "\033", "quit");
    assert_int_equal(s.job.screen.clears, clears);
    assert_true(s.job.screen.frames > frames + sizeof keys / sizeof keys[0]);

    type_for(&s, "\003", "stop"); /* nothing moves any more */
    type_for(&s, "7", "does nothing");
    UNTIL(&s, !s.job.screen.synchronized);
    const size_t bytes = s.job.screen.bytes;
    type_for(&s, "_", "_");
    UNTIL(&s, !s.job.screen.synchronized);
    assert_in_range(s.job.screen.bytes - bytes, 1, 400); /* a character of a line, of 120 x 36 cells */
    type(&s, "\f");
    UNTIL(&s, s.job.screen.clears > clears); /* that one does */
    quit(&s);
}

/* Bytes that are no character, and a character that comes in pieces. */
static void what_is_no_key_takes_none_with_it(void **state)
{
    (void)state;
    session s;
    start(&s, "xterm-256color");
    UNTIL(&s, strstr(s.job.last, "Try "));
    static const char *const junk[] = { "\xe6\x8b", "\xff\xfe", "\xc3", "\x80", "\033[<0;3;", "\033[<", "\xf0\x9f\x98" };
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        char keys[32];
        snprintf(keys, sizeof keys, "%s?", junk[i]);
        type_for(&s, keys, "search");
        type_for(&s, "\033", "quit");
    }
    type_for(&s, "&", "filter");
    type(&s, "\xc3");
    while (s.job.waiting_size > 0)
        step(&s);
    step(&s);
    type_for(&s, "\xa4", "\xc3\xa4");
    type_for(&s, "\033", "quit");
    quit(&s);
}

/* Curses holds little back when the screen is small: what goes to the terminal beside it must not fall into a sequence. */
static void a_terminal_of_one_cell_gets_whole_sequences(void **state)
{
    (void)state;
    static const char *const types[] = { "xterm-256color", "xterm", "linux", "vt100", "screen-256color", "tmux-256color" };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        session s;
        start_sized(&s, types[i], 1, 1);
        UNTIL(&s, s.job.screen.frames > 0);
        const size_t frames = s.job.screen.frames;
        type(&s, ":set theme=light\r:set theme=mono\r\f");
        UNTIL(&s, s.job.screen.frames > frames);
        quit(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_z_gives_the_terminal_back_and_fg_takes_it_again),
        cmocka_unit_test(idle_it_sleeps_until_something_comes),
        cmocka_unit_test(repaints_send_what_changed_and_never_erase),
        cmocka_unit_test(what_is_no_key_takes_none_with_it),
        cmocka_unit_test(a_terminal_of_one_cell_gets_whole_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
