/*
 * monkey [--seed N] [--events N]: types, clicks, resizes, stops and continues at random, on a pseudo-terminal.
 *
 * Rounds of some hundred events, each with a seed of its own, a folder of its own and files in it, good and damaged. In it
 * the program ($QLOUPE) is started, and again when a key has ended it. At every moment it must answer, send nothing but what
 * terminals take, and give the terminal back as it was when it stops or ends, which it does with status 0. It writes into
 * that folder only: its home, settings, state and temporary files are there, and no key sent begins a path with "/".
 *
 * A failure prints the seed and the events that repeat it. The events follow from the seed alone; only what the program is
 * at when they come is up to the machine.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "monkey.h"
#include "random.h"

struct monkey monkey;

long monkey_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t monkey_below(uint64_t limit)
{
    return random_below(&monkey.state, limit);
}

/* ---- What went wrong ------------------------------------------------------------------------------------------- */

void monkey_print(FILE *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] >= 32 && bytes[i] < 127)
            fputc(bytes[i], out);
        else
            fprintf(out, "\\x%02x", (unsigned char)bytes[i]);
}

const char *monkey_path(const char *name)
{
    static char path[2][PATH_MAX];
    static unsigned next;
    char *out = path[next++ % 2];
    snprintf(out, PATH_MAX, "%s/%s", monkey.folder, name);
    return out;
}

static void print_file(FILE *out, const char *path)
{
    char bytes[4096];
    FILE *file = fopen(path, "r");
    for (size_t got; file && (got = fread(bytes, 1, sizeof bytes, file)) > 0;)
        fwrite(bytes, 1, got, out);
    if (file)
        fclose(file);
}

_Noreturn void monkey_give_up(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("monkey: ", stdout);
    vprintf(format, list);
    va_end(list);
    printf("\nmonkey: at %dx%d, after\n", monkey.cols, monkey.rows);
    for (unsigned long i = monkey.logged > LOG_SIZE ? monkey.logged - LOG_SIZE : 0; i < monkey.logged; i++)
        printf("    %s\n", monkey.log[i % LOG_SIZE]);
    printf("monkey: it sent last: ");
    const size_t skipped = monkey.terminal.last_size > LAST_SIZE ? monkey.terminal.last_size - LAST_SIZE : 0;
    monkey_print(stdout, monkey.terminal.last + skipped, monkey.terminal.last_size - skipped);
    printf("\nmonkey: its standard error:\n");
    print_file(stdout, monkey_path("errors"));
    printf("monkey: kept in %s; to repeat: monkey --seed %llu --events %lu\n", monkey.folder,
           (unsigned long long)monkey.seed, monkey.in_round);
    fflush(stdout);
    if (monkey.is_running)
        job_close(&monkey.terminal);
    exit(1);
}

void monkey_note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(monkey.log[monkey.logged++ % LOG_SIZE], sizeof monkey.log[0], format, list);
    va_end(list);
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

size_t monkey_descriptors(void)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", monkey.terminal.pid);
    DIR *entries = opendir(path);
    while (entries && readdir(entries))
        count++;
    if (entries)
        closedir(entries);
    return count;
}

static void check_left(const job_news *news, const char *when)
{
    const vt *screen = &monkey.terminal.screen;
    if (!news->as_were)
        monkey_give_up("%s: the modes of the terminal are not as they were", when);
    if (!vt_is_left(screen))
        monkey_give_up("%s:%s%s%s%s%s", when, screen->alternate ? " on the other screen" : "",
                       screen->cursor_hidden ? " without a cursor" : "", screen->mouse ? " with the mouse on" : "",
                       screen->keypad ? " with the keypad's other keys" : "",
                       screen->synchronized ? " inside an update" : "");
}

/* The program has ended: as it should. */
static void take_end(const job_news *news)
{
    struct stat info;
    const int status = news->value;
    monkey.is_running = false;
    job_close(&monkey.terminal);
    monkey_note("(it has ended)");
    if (monkey.terminal.screen.frames == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 2 &&
        stat(monkey_path("errors"), &info) == 0 && info.st_size > 0 && monkey.terminal.screen.bytes == 0) {
        monkey.refused++; /* a file that is damaged by now */
    } else if (WIFSIGNALED(status)) {
        monkey_give_up("it died of signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        monkey_give_up("it ended with status %d", WEXITSTATUS(status));
    }
    check_left(news, "at the end");
}

void monkey_step(int milliseconds)
{
    const job_news news = job_step(&monkey.terminal, milliseconds);
    if (monkey.terminal.screen.problem[0])
        monkey_give_up("it sent %s", monkey.terminal.screen.problem);
    if (news.what == JOB_GONE)
        monkey_give_up("the shell around it is gone");
    if (news.what == JOB_ENDED)
        take_end(&news);
    if (news.what == JOB_STOPPED) {
        monkey.is_stopped = true;
        check_left(&news, "when stopped");
    }
}

/* Waits until a repaint has ended, which `ask`, when there is anything, asks for. */
void monkey_wait(size_t frames, const char *ask)
{
    const long begin = monkey_now_ms();
    for (long asked = 0; monkey.is_running && monkey.terminal.screen.frames == frames; monkey_step(50)) {
        if (monkey_now_ms() - begin > HANG_MS)
            monkey_give_up("no answer in %d seconds", HANG_MS / 1000);
        if (*ask && monkey_now_ms() - asked > ASK_MS) { /* again: the first may have ended half a sequence */
            job_type(&monkey.terminal, ask, strlen(ask));
            asked = monkey_now_ms();
        }
    }
}

void monkey_synchronize(void)
{
    monkey_wait(monkey.terminal.screen.frames, "\f");
}

static void start(void)
{
    static const char *const types[] = { "xterm-256color", "xterm-256color", "xterm", "screen-256color", "vt100", "linux" };
    static const char *const locales[] = { "C.UTF-8", "C.UTF-8", "C.UTF-8", "C" };
    static const char *const options[] = { "--ascii", "--color=never", "--no-state", "--threads=1", "--threads=3" };
    char place[6][PATH_MAX];
    static const char *const names[] = { "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR" };
    static const char *const folders[] = { "home", "state", "config", "cache", "temporary" };
    const char *environment[32], *arguments[] = { monkey.program, MONKEY_DEMO, NULL, NULL };
    const char *type = types[monkey_below(sizeof types / sizeof types[0])];
    const char *locale = locales[monkey_below(sizeof locales / sizeof locales[0])];
    size_t used = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(place[i], sizeof place[i], "%s/%s", monkey.folder, folders[i]);
        environment[used++] = names[i];
        environment[used++] = place[i];
    }
    const char *const others[] = {
        "TERM", type, "LC_ALL", locale, "QLOUPE_NO_STATE", "", "NO_COLOR", monkey_below(4) ? "" : "1", NULL
    };
    memcpy(environment + used, others, sizeof others);
    if (monkey_below(3) == 0) {
        snprintf(place[5], sizeof place[5], "files/%s", monkey.files[monkey_below(monkey.file_count)]);
        arguments[1] = place[5];
    }
    if (monkey_below(3) == 0)
        arguments[2] = options[monkey_below(sizeof options / sizeof options[0])];
    const char *work = monkey_path("work"), *errors = monkey_path("errors");
    const job_command command = { arguments, environment, work, errors, monkey.rows, monkey.cols };
    unlink(errors);
    monkey_note("(start on %s, %s, %s %s)", type, locale, arguments[1], arguments[2] ? arguments[2] : "");
    if (!job_start(&monkey.terminal, &command))
        monkey_give_up("no pseudo-terminal: %s", strerror(errno));
    monkey.terminal.screen.ascii = strcmp(locale, "C") == 0 || (arguments[2] && strcmp(arguments[2], "--ascii") == 0);
    monkey.is_running = true;
    monkey.starts++;
    monkey_wait(0, "");
    monkey.descriptors = monkey.is_running ? monkey_descriptors() : 0;
}

/* ---- Rounds ---------------------------------------------------------------------------------------------------- */

static void round_of(unsigned long count)
{
    monkey.state = random_begin(monkey.seed);
    monkey.in_round = 0;
    monkey.logged = 0;
    monkey.rows = 36;
    monkey.cols = 120;
    monkey_make_folder();
    for (; monkey.in_round < count; monkey.done++) {
        monkey.in_round++;
        if (!monkey.is_running)
            start();
        if (!monkey.is_running)
            continue; /* refused */
        monkey_event();
        if (monkey.is_running)
            monkey_step((int)monkey_below(4) == 0);
        if (monkey.is_running && monkey_below(6) == 0)
            monkey_synchronize();
    }
    if (monkey.is_running)
        monkey_quit();
    monkey_remove_folder();
    monkey.rounds++;
}

static unsigned long number(const char *text)
{
    char *end;
    errno = 0;
    const unsigned long value = strtoul(text ? text : "", &end, 10);
    if (!text || !*text || *end || errno) {
        fprintf(stderr, "usage: monkey [--seed N] [--events N]\n");
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    const char *program = getenv("QLOUPE");
    char suppressions[PATH_MAX + 64];
    monkey.seed = 1;
    monkey.events = 3000;
    for (int i = 1; i < argc; i += 2)
        if (strcmp(argv[i], "--seed") == 0)
            monkey.seed = number(argv[i + 1]);
        else if (strcmp(argv[i], "--events") == 0)
            monkey.events = number(argv[i + 1]);
        else
            number(NULL);
    if (!realpath(program ? program : "build/qloupe", monkey.program) || !getcwd(monkey.root, sizeof monkey.root))
        monkey_give_up("no program: %s", strerror(errno));
    snprintf(suppressions, sizeof suppressions, "suppressions=%s/tests/lsan.supp:print_suppressions=0", monkey.root);
    setenv("LSAN_OPTIONS", suppressions, 1);
    setenv("TSAN_OPTIONS", "halt_on_error=1", 0);
    signal(SIGPIPE, SIG_IGN);
    printf("monkey: seed %llu, %lu events\n", (unsigned long long)monkey.seed, monkey.events);
    for (; monkey.done < monkey.events; monkey.seed++) {
        const unsigned long left = monkey.events - monkey.done;
        round_of(left < ROUND_EVENTS ? left : ROUND_EVENTS);
    }
    printf("monkey: %lu events, %lu starts, %lu of them refused, %lu stops\nmonkey: %lu passed, 0 failed\n", monkey.done,
           monkey.starts, monkey.refused, monkey.stops, monkey.rounds);
    return 0;
}
