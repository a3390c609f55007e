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
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "random.h"

enum {
    ROUND_EVENTS = 500,
    HANG_MS = 120000, /* without an answer, on a machine with much else to do */
    ASK_MS = 100,     /* until it is asked again */
    FILES_MOST = 32,
    LOG_SIZE = 60,
    LAST_SIZE = 1000,      /* of the bytes that it sent last, shown */
    DESCRIPTORS_MORE = 12, /* that a session may have open beside those at its start */
};

#define DEMO "files/demo.safetensors"

static struct {
    uint64_t seed, state;
    unsigned long events, done, in_round; /* in_round: of this round, so far */
    unsigned long rounds, starts, stops, refused;
    char folder[64], root[PATH_MAX], program[PATH_MAX];
    char files[FILES_MOST][NAME_MAX + 1];
    size_t file_count;
    char log[LOG_SIZE][128]; /* the last events, as text */
    unsigned long logged;
    job terminal;
    bool is_running, is_stopped;
    int rows, cols;
    size_t descriptors;
} monkey;

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t below(uint64_t limit)
{
    return random_below(&monkey.state, limit);
}

/* ---- What went wrong ------------------------------------------------------------------------------------------- */

static void print_escaped(FILE *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] >= 32 && bytes[i] < 127)
            fputc(bytes[i], out);
        else
            fprintf(out, "\\x%02x", (unsigned char)bytes[i]);
}

static const char *in_folder(const char *name)
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

static _Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void give_up(const char *format, ...)
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
    print_escaped(stdout, monkey.terminal.last + skipped, monkey.terminal.last_size - skipped);
    printf("\nmonkey: its standard error:\n");
    print_file(stdout, in_folder("errors"));
    printf("monkey: kept in %s; to repeat: monkey --seed %llu --events %lu\n", monkey.folder,
           (unsigned long long)monkey.seed, monkey.in_round);
    fflush(stdout);
    if (monkey.is_running)
        job_close(&monkey.terminal);
    exit(1);
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(monkey.log[monkey.logged++ % LOG_SIZE], sizeof monkey.log[0], format, list);
    va_end(list);
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

static bool copy(const char *from, const char *to)
{
    char bytes[65536];
    const int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = in >= 0 && out >= 0;
    for (ssize_t got; good && (got = read(in, bytes, sizeof bytes)) > 0;)
        good = write(out, bytes, (size_t)got) == got;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return good;
}

/* Copies `count` files of a corpus, any of them. */
static void copy_some(const char *corpus, size_t count)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct dirent **entries;
    const int all = scandir(corpus, &entries, NULL, alphasort);
    if (all <= 0)
        give_up("no folder %s: to be run in the project root", corpus);
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[below((uint64_t)all)]->d_name;
        struct stat info;
        snprintf(from, sizeof from, "%s/%s", corpus, name);
        snprintf(to, sizeof to, "%s/work/files/%s", monkey.folder, name);
        if (stat(from, &info) == 0 && S_ISREG(info.st_mode) && copy(from, to))
            snprintf(monkey.files[monkey.file_count++], sizeof monkey.files[0], "%s", name);
    }
    for (int i = 0; i < all; i++)
        free(entries[i]);
    free(entries);
}

static void make_folder(void)
{
    static const char *const folders[] = { "home", "state", "config", "cache", "temporary", "work", "work/files" };
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(monkey.folder, sizeof monkey.folder, "%s/qloupe-monkey-XXXXXX", base);
    if (!mkdtemp(monkey.folder))
        give_up("no folder: %s", strerror(errno));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(in_folder(folders[i]), 0700);
    monkey.file_count = 0;
    if (!copy("data/storyteller.safetensors", in_folder("work/" DEMO)) ||
        !copy("data/loud.npy", in_folder("work/files/loud.npy")))
        give_up("no demo model: to be run in the project root");
    copy_some("tests/formats/good", 10);
    copy_some("tests/formats/bad", 10);
    copy_some("tests/formats/real", 5);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

/* Only what was made is there: no key wrote beside the folder it works in. */
static void remove_folder(void)
{
    static const char *const right[] = { ".", "..", "home", "state", "config", "cache", "temporary", "work", "errors" };
    DIR *entries = opendir(monkey.folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        bool is_right = false;
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
            is_right = is_right || strcmp(right[i], entry->d_name) == 0;
        if (!is_right)
            give_up("%s was written beside the folder that the program runs in", entry->d_name);
    }
    closedir(entries);
    nftw(monkey.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

static size_t count_descriptors(void)
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
        give_up("%s: the modes of the terminal are not as they were", when);
    if (!vt_is_left(screen))
        give_up("%s:%s%s%s%s%s", when, screen->alternate ? " on the other screen" : "",
                screen->cursor_hidden ? " without a cursor" : "", screen->mouse ? " with the mouse on" : "",
                screen->keypad ? " with the keypad's other keys" : "", screen->synchronized ? " inside an update" : "");
}

/* The program has ended: as it should. */
static void take_end(const job_news *news)
{
    struct stat info;
    const int status = news->value;
    monkey.is_running = false;
    job_close(&monkey.terminal);
    note("(it has ended)");
    if (monkey.terminal.screen.frames == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 2 &&
        stat(in_folder("errors"), &info) == 0 && info.st_size > 0 && monkey.terminal.screen.bytes == 0) {
        monkey.refused++; /* a file that is damaged by now */
    } else if (WIFSIGNALED(status)) {
        give_up("it died of signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        give_up("it ended with status %d", WEXITSTATUS(status));
    }
    check_left(news, "at the end");
}

static void step(int milliseconds)
{
    const job_news news = job_step(&monkey.terminal, milliseconds);
    if (monkey.terminal.screen.problem[0])
        give_up("it sent %s", monkey.terminal.screen.problem);
    if (news.what == JOB_GONE)
        give_up("the shell around it is gone");
    if (news.what == JOB_ENDED)
        take_end(&news);
    if (news.what == JOB_STOPPED) {
        monkey.is_stopped = true;
        check_left(&news, "when stopped");
    }
}

/* Waits until a repaint has ended, which `ask`, when there is anything, asks for. */
static void wait_for_repaint(size_t frames, const char *ask)
{
    const long begin = now_ms();
    for (long asked = 0; monkey.is_running && monkey.terminal.screen.frames == frames; step(50)) {
        if (now_ms() - begin > HANG_MS)
            give_up("no answer in %d seconds", HANG_MS / 1000);
        if (*ask && now_ms() - asked > ASK_MS) { /* again: the first may have ended half a sequence */
            job_type(&monkey.terminal, ask, strlen(ask));
            asked = now_ms();
        }
    }
}

static void synchronize(void)
{
    wait_for_repaint(monkey.terminal.screen.frames, "\f");
}

static void start(void)
{
    static const char *const types[] = { "xterm-256color", "xterm-256color", "xterm", "screen-256color", "vt100", "linux" };
    static const char *const locales[] = { "C.UTF-8", "C.UTF-8", "C.UTF-8", "C" };
    static const char *const options[] = { "--ascii", "--color=never", "--no-state", "--threads=1", "--threads=3" };
    char place[6][PATH_MAX];
    static const char *const names[] = { "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR" };
    static const char *const folders[] = { "home", "state", "config", "cache", "temporary" };
    const char *environment[32], *arguments[] = { monkey.program, DEMO, NULL, NULL };
    const char *type = types[below(sizeof types / sizeof types[0])];
    const char *locale = locales[below(sizeof locales / sizeof locales[0])];
    size_t used = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(place[i], sizeof place[i], "%s/%s", monkey.folder, folders[i]);
        environment[used++] = names[i];
        environment[used++] = place[i];
    }
    const char *const others[] = { "TERM", type, "LC_ALL", locale, "QLOUPE_NO_STATE", "", "NO_COLOR", below(4) ? "" : "1",
                                   NULL };
    memcpy(environment + used, others, sizeof others);
    if (below(3) == 0) {
        snprintf(place[5], sizeof place[5], "files/%s", monkey.files[below(monkey.file_count)]);
        arguments[1] = place[5];
    }
    if (below(3) == 0)
        arguments[2] = options[below(sizeof options / sizeof options[0])];
    const char *work = in_folder("work"), *errors = in_folder("errors");
    const job_command command = { arguments, environment, work, errors, monkey.rows, monkey.cols };
    unlink(errors);
    note("(start on %s, %s, %s %s)", type, locale, arguments[1], arguments[2] ? arguments[2] : "");
    if (!job_start(&monkey.terminal, &command))
        give_up("no pseudo-terminal: %s", strerror(errno));
    monkey.terminal.screen.ascii = strcmp(locale, "C") == 0 || (arguments[2] && strcmp(arguments[2], "--ascii") == 0);
    monkey.is_running = true;
    monkey.starts++;
    wait_for_repaint(0, "");
    monkey.descriptors = monkey.is_running ? count_descriptors() : 0;
}

/* ---- Events ---------------------------------------------------------------------------------------------------- */

static void type(const char *bytes, size_t size)
{
    char *text = monkey.log[monkey.logged++ % LOG_SIZE];
    FILE *out = fmemopen(text, sizeof monkey.log[0], "w");
    if (out) {
        print_escaped(out, bytes, size);
        fclose(out);
    }
    const long begin = now_ms();
    while (monkey.is_running && !job_type(&monkey.terminal, bytes, size)) {
        if (now_ms() - begin > HANG_MS)
            give_up("nothing typed was taken for %d seconds", HANG_MS / 1000);
        step(50);
    }
}

static void type_text(const char *text)
{
    type(text, strlen(text));
}

#define ANY(table) table[below(sizeof(table) / sizeof(table)[0])]

/* "/" begins no path: it is typed only where `find` takes it. "q" ends the program, which is started again. */
static void key(void)
{
    char character = (char)(32 + below(95));
    if (character == '/' || (character == 'q' && below(8)))
        character = "sgbcevjk"[below(8)];
    type(&character, 1);
}

static void control_key(void)
{
    const char character = (char)(below(10) ? below(32) : 127);
    if (character != 26) /* ^Z has an event of its own */
        type(&character, 1);
}

static void special_key(void)
{
    static const char *const keys[] = {
        "\033[A",   "\033[B",  "\033[C",   "\033[D",   "\033OA",    "\033OB",    "\033OC",  "\033OD",
        "\033[H",   "\033[F",  "\033OH",   "\033OF",   "\033[1~",   "\033[4~",   "\033[5~", "\033[6~",
        "\033[5~",  "\033[6~", "\033[2~",  "\033[3~",  "\033[Z",    "\033OP",    "\033OQ",  "\033[15~",
        "\033[24~", "\033",    "\033\033", "\033\033", "\033[1;5A", "\033[1;2D", "\033[3;", "\033[99~",
        "\033O",    "\033[",   "\033]0;",  "\033x",    "\r",        "\r",        "\t",      "\t",
    };
    type_text(ANY(keys));
}

static void held_key(void)
{
    static const char *const keys[] = {
        "j", "k", "J", "s", "g", "b", "+", "-", "v", "\t", "c", "\033[B", "\033OA", "u", "o"
    };
    const char *one = ANY(keys);
    char many[256] = "";
    for (uint64_t times = 2 + below(30); times > 0; times--)
        strcat(many, one);
    type_text(many);
}

static void other_character(void)
{
    static const char *const characters[] = {
        "\xc3\xa4",         "\xe2\x82\xac", "\xe4\xb8\xad\xe6\x96\x87",
        "\xf0\x9f\x98\x80", "e\xcc\x81",    "\xe2\x80\xae",
        "\xe2\x80\x8b",     "\302\2332J",   "\xef\xbf\xbd",
        "\xf4\x8f\xbf\xbf",
    };
    type_text(ANY(characters));
}

static void bad_bytes(void)
{
    char bytes[8];
    const size_t size = 1 + below(sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(128 + below(128));
    type(bytes, size);
}

static void mouse(int button, char end)
{
    char text[64];
    const uint64_t col = 1 + below((uint64_t)monkey.cols + 3), row = 1 + below((uint64_t)monkey.rows + 3);
    snprintf(text, sizeof text, "\033[<%d;%llu;%llu%c", button, (unsigned long long)col, (unsigned long long)row, end);
    type_text(text);
}

static void click(void)
{
    mouse(0, 'M');
    if (below(4))
        mouse(0, 'm');
}

static void wheel(void)
{
    for (uint64_t times = 1 + below(5); times > 0; times--)
        mouse(64 + (int)below(2) + (below(8) ? 0 : 4), 'M');
}

static void drag(void)
{
    mouse(0, 'M');
    for (uint64_t times = below(10); times > 0; times--)
        mouse(32, 'M');
    if (below(5))
        mouse(0, 'm');
}

static void odd_mouse(void)
{
    static const char *const reports[] = { "\033[<;;M",
                                           "\033[<0;0;0M",
                                           "\033[<99999999999;1;1M",
                                           "\033[<0;1;1111111111111111111111M",
                                           "\033[<35;10;10M",
                                           "\033[<2;3;3M",
                                           "\033[<0;3;",
                                           "\033[<0;-3;1M",
                                           "\033[M !!",
                                           "\033[<x" };
    type_text(ANY(reports));
}

static void resize(void)
{
    static const int usual[][2] = { { 24, 80 }, { 36, 120 }, { 60, 200 }, { 1, 1 },
                                    { 16, 60 }, { 15, 59 },  { 17, 61 },  { 70, 250 } };
    if (below(2)) {
        const int *size = ANY(usual);
        monkey.rows = size[0];
        monkey.cols = size[1];
    } else {
        monkey.rows = 1 + (int)below(70);
        monkey.cols = 1 + (int)below(250);
    }
    note("(resize to %dx%d)", monkey.cols, monkey.rows);
    job_resize(&monkey.terminal, monkey.rows, monkey.cols);
}

static void signal_for_nothing(void)
{
    const int number = below(2) ? SIGWINCH : SIGCONT;
    note("(signal %d)", number);
    if (monkey.terminal.pid > 0)
        kill(monkey.terminal.pid, number);
}

/* ^Z, and fg a while later, on a terminal of another size perhaps. */
static void stop(void)
{
    synchronize();
    if (!monkey.is_running)
        return;
    type("\032", 1);
    const long begin = now_ms();
    while (monkey.is_running && !monkey.is_stopped) {
        step(50);
        if (now_ms() - begin > HANG_MS)
            give_up("^Z did not stop it in %d seconds", HANG_MS / 1000);
    }
    if (!monkey.is_running)
        return;
    monkey.stops++;
    if (below(2))
        resize();
    note("(fg)");
    monkey.is_stopped = false;
    const size_t frames = monkey.terminal.screen.frames;
    job_continue(&monkey.terminal);
    wait_for_repaint(frames, "");
}

/* Somebody changes a file that may be shown just now. */
static void damage(void)
{
    char path[PATH_MAX];
    struct stat info;
    const char *name = monkey.files[below(monkey.file_count)];
    snprintf(path, sizeof path, "%s/work/files/%s", monkey.folder, name);
    const uint64_t what = below(3), share = below(100);
    note("(damage %llu to %s)", (unsigned long long)what, name);
    if (stat(path, &info) != 0)
        return;
    if (what == 0 && truncate(path, info.st_size * (off_t)share / 100) == 0)
        return;
    if (what == 1) {
        const int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file >= 0 && pwrite(file, "\377\377\377\377\033[2J", 8, info.st_size * (off_t)share / 100) < 0)
            note("(that failed)");
        close(file);
    } else {
        unlink(path);
    }
}

static void words(void)
{
    static const char *const texts[] = {
        ":open files/%s\r",
        ":open files/%s\r",
        ":open files/%s\r",
        ":open " DEMO "\r",
        ":open fi\t\t\t\r",
        ":x files/%s\r",
        ":x files/loud.npy\r",
        ":spec absmax:bits=4,per=block,block=32,outliers=1%%\r",
        ":spec zeropoint:bits=3,per=row,clip=percentile\r",
        ":spec kmeans:bits=3\r",
        ":spec nf4:double=1\r",
        ":spec mxfp4\r",
        ":spec none\r",
        ":spec absmax:clip=kl\r",
        ":spec quantile:bits=2,clip=mse\r",
        ":spec \t\t\t,\t\t\r",
        ":tensor h.\t\t\r",
        ":tensor ???*\r",
        ":set theme=light\r",
        ":set theme=mono\r",
        ":set theme=safe\r",
        ":set theme=dark\r",
        ":set \t\t=\t\t\r",
        ":w figure.png\r",
        ":w figure.svg\r",
        ":w\r",
        ":a\t\r",
        ":c\t\t\r",
        ":e\t\t\t\r",
        ":m\t\t\t\t\r",
        ":p\t\t\t\r",
        ":r\t\t\r",
        ":s\t\t\t\t\t\r",
        ":z\t\r",
        ":\t\t\t\t\033[A\033[A\r",
        "w\r",
        "w\t\t\r",
        "w\025figure.pdf\r",
        "w\025nowhere/x.png\r",
        "?bits\033[B\033[B\r",
        "?m\t\t\t\t\r",
        "?zzz\r",
        "&attn\r",
        "&dtype:F16\r",
        "&[\r",
        "/c_fc\rnnN",
        "ejjj\r12\r",
        "ejjlll\033[C\033[Chh\r1e9\r",
        "Eabsmax:bits=\t\r",
        "2aaad",
        "2lllnnnnN]]]\t]]\r",
        "2e\025nf4\r",
        "ppp2",
        "1vvvv",
        "1VzLz",
        "ttm f",
        "1m\033[6~\033[6~",
        "mooooII",
        "\t\t\033[C\033[D\033[A\033[B",
        "yY",
    };
    char text[2 * NAME_MAX];
    snprintf(text, sizeof text, ANY(texts), monkey.files[below(monkey.file_count)]);
    if (below(4))
        type_text("\033\033\033");
    type_text(text);
}

/* It still answers, holds no more descriptors than at the start, and goes when it is asked to. */
static void quit(void)
{
    const long begin = now_ms();
    synchronize();
    const size_t descriptors = monkey.is_running ? count_descriptors() : 0;
    if (descriptors > monkey.descriptors + DESCRIPTORS_MORE)
        give_up("%zu descriptors are open; %zu were when it started", descriptors, monkey.descriptors);
    while (monkey.is_running) {
        for (int i = 0; i < 3 && monkey.is_running; i++) {
            type_text("\033");
            synchronize();
        }
        if (monkey.is_running)
            type_text("q");
        for (int i = 0; i < 40 && monkey.is_running; i++)
            step(50);
        if (now_ms() - begin > HANG_MS)
            give_up("q did not end it in %d seconds", HANG_MS / 1000);
    }
}

/* How often each comes. */
static const struct {
    unsigned weight;
    void (*make)(void);
} events[] = {
    { 30, key },      { 4, control_key }, { 16, special_key }, { 6, held_key }, { 2, other_character },
    { 2, bad_bytes }, { 12, click },      { 5, wheel },        { 5, drag },     { 2, odd_mouse },
    { 8, resize },    { 20, words },      { 1, synchronize },  { 1, stop },     { 1, signal_for_nothing },
    { 1, damage },    { 1, quit },
};

static void event(void)
{
    uint64_t all = 0;
    size_t i = 0;
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++)
        all += events[e].weight;
    for (uint64_t left = below(all); left >= events[i].weight; i++)
        left -= events[i].weight;
    events[i].make();
}

/* ---- Rounds ---------------------------------------------------------------------------------------------------- */

static void round_of(unsigned long count)
{
    monkey.state = random_begin(monkey.seed);
    monkey.in_round = 0;
    monkey.logged = 0;
    monkey.rows = 36;
    monkey.cols = 120;
    make_folder();
    for (; monkey.in_round < count; monkey.done++) {
        monkey.in_round++;
        if (!monkey.is_running)
            start();
        if (!monkey.is_running)
            continue; /* refused */
        event();
        if (monkey.is_running)
            step((int)below(4) == 0);
        if (monkey.is_running && below(6) == 0)
            synchronize();
    }
    if (monkey.is_running)
        quit();
    remove_folder();
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
        give_up("no program: %s", strerror(errno));
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
