/* What the monkey does: keys, words, the mouse, sizes, stops, damage. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monkey.h"

static void type(const char *bytes, size_t size)
{
    char *text = monkey.log[monkey.logged++ % LOG_SIZE];
    FILE *out = fmemopen(text, sizeof monkey.log[0], "w");
    if (out) {
        monkey_print(out, bytes, size);
        fclose(out);
    }
    const long begin = monkey_now_ms();
    while (monkey.is_running && !job_type(&monkey.terminal, bytes, size)) {
        if (monkey_now_ms() - begin > HANG_MS)
            monkey_give_up("nothing typed was taken for %d seconds", HANG_MS / 1000);
        monkey_step(50);
    }
}

static void type_text(const char *text)
{
    type(text, strlen(text));
}

#define ANY(table) table[monkey_below(sizeof(table) / sizeof(table)[0])]

/* "/" begins no path: it is typed only where `find` takes it. "q" ends the program, which is started again. */
static void key(void)
{
    char character = (char)(32 + monkey_below(95));
    if (character == '/' || (character == 'q' && monkey_below(8)))
        character = "sgbcevjk"[monkey_below(8)];
    type(&character, 1);
}

static void control_key(void)
{
    const char character = (char)(monkey_below(10) ? monkey_below(32) : 127);
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
    for (uint64_t times = 2 + monkey_below(30); times > 0; times--)
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
    const size_t size = 1 + monkey_below(sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(128 + monkey_below(128));
    type(bytes, size);
}

static void mouse(int button, char end)
{
    char text[64];
    const uint64_t col = 1 + monkey_below((uint64_t)monkey.cols + 3), row = 1 + monkey_below((uint64_t)monkey.rows + 3);
    snprintf(text, sizeof text, "\033[<%d;%llu;%llu%c", button, (unsigned long long)col, (unsigned long long)row, end);
    type_text(text);
}

static void click(void)
{
    mouse(0, 'M');
    if (monkey_below(4))
        mouse(0, 'm');
}

static void wheel(void)
{
    for (uint64_t times = 1 + monkey_below(5); times > 0; times--)
        mouse(64 + (int)monkey_below(2) + (monkey_below(8) ? 0 : 4), 'M');
}

static void drag(void)
{
    mouse(0, 'M');
    for (uint64_t times = monkey_below(10); times > 0; times--)
        mouse(32, 'M');
    if (monkey_below(5))
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
    if (monkey_below(2)) {
        const int *size = ANY(usual);
        monkey.rows = size[0];
        monkey.cols = size[1];
    } else {
        monkey.rows = 1 + (int)monkey_below(70);
        monkey.cols = 1 + (int)monkey_below(250);
    }
    monkey_note("(resize to %dx%d)", monkey.cols, monkey.rows);
    job_resize(&monkey.terminal, monkey.rows, monkey.cols);
}

static void signal_for_nothing(void)
{
    const int number = monkey_below(2) ? SIGWINCH : SIGCONT;
    monkey_note("(signal %d)", number);
    if (monkey.terminal.pid > 0)
        kill(monkey.terminal.pid, number);
}

/* ^Z, and fg a while later, on a terminal of another size perhaps. */
static void stop(void)
{
    monkey_synchronize();
    if (!monkey.is_running)
        return;
    type("\032", 1);
    const long begin = monkey_now_ms();
    while (monkey.is_running && !monkey.is_stopped) {
        monkey_step(50);
        if (monkey_now_ms() - begin > HANG_MS)
            monkey_give_up("^Z did not stop it in %d seconds", HANG_MS / 1000);
    }
    if (!monkey.is_running)
        return;
    monkey.stops++;
    if (monkey_below(2))
        resize();
    monkey_note("(fg)");
    monkey.is_stopped = false;
    const size_t frames = monkey.terminal.screen.frames;
    job_continue(&monkey.terminal);
    monkey_wait(frames, "");
}

/* Somebody changes a file that may be shown just now. */
static void damage(void)
{
    char path[PATH_MAX];
    struct stat info;
    const char *name = monkey.files[monkey_below(monkey.file_count)];
    snprintf(path, sizeof path, "%s/work/files/%s", monkey.folder, name);
    const uint64_t what = monkey_below(3), share = monkey_below(100);
    monkey_note("(damage %llu to %s)", (unsigned long long)what, name);
    if (stat(path, &info) != 0)
        return;
    if (what == 0 && truncate(path, info.st_size * (off_t)share / 100) == 0)
        return;
    if (what == 1) {
        const int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file >= 0 && pwrite(file, "\377\377\377\377\033[2J", 8, info.st_size * (off_t)share / 100) < 0)
            monkey_note("(that failed)");
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
        ":open " MONKEY_DEMO "\r",
        ":open fi\t\t\t\r",
        ":x files/%s\r",
        ":x files/loud.npy\r",
        ":x files\r",
        ":rows 7\r",
        ":multiply-threads 3\r",
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
        "1&attn\r",
        "1&dtype:F16\r",
        "1&[\r",
        "1/c_fc\rnnN",
        "1ejjj\r12\r",
        "1ejjlll\033[C\033[Chh\r1e9\r",
        "1Eabsmax:bits=\t\r",
        "2aaad",
        "2lllnnnnN]]]\t]]\r",
        "2e\025nf4\r",
        "ppp2",
        "1vvvv",
        "1VzLz",
        "1ttm f",
        "1m\033[6~\033[6~",
        "1mooooII",
        "3hhhllllll+-",
        "3jjmkr",
        "3n64\rt3\r",
        "3n\rt\r",
        "3z\tz\033[C\033[D",
        "3bsJJKyy",
        "\t\t\033[C\033[D\033[A\033[B",
        "yY",
    };
    static const char *const views[] = { "2", "3" }; /* to Explore leads Esc */
    char text[2 * NAME_MAX];
    snprintf(text, sizeof text, ANY(texts), monkey.files[monkey_below(monkey.file_count)]);
    if (monkey_below(4)) {
        type_text("\033\033\033");
        if (monkey_below(4))
            type_text(ANY(views));
    }
    type_text(text);
}

/* It still answers, holds no more descriptors than at the start, and goes when it is asked to. */
void monkey_quit(void)
{
    const long begin = monkey_now_ms();
    monkey_synchronize();
    const size_t descriptors = monkey.is_running ? monkey_descriptors() : 0;
    if (descriptors > monkey.descriptors + DESCRIPTORS_MORE)
        monkey_give_up("%zu descriptors are open; %zu were when it started", descriptors, monkey.descriptors);
    while (monkey.is_running) {
        for (int i = 0; i < 3 && monkey.is_running; i++) {
            type_text("\033");
            monkey_synchronize();
        }
        if (monkey.is_running)
            type_text("q");
        for (int i = 0; i < 40 && monkey.is_running; i++)
            monkey_step(50);
        if (monkey_now_ms() - begin > HANG_MS)
            monkey_give_up("q did not end it in %d seconds", HANG_MS / 1000);
    }
}

/* How often each comes. */
static const struct {
    unsigned weight;
    void (*make)(void);
} events[] = {
    { 30, key },
    { 4, control_key },
    { 16, special_key },
    { 6, held_key },
    { 2, other_character },
    { 2, bad_bytes },
    { 12, click },
    { 5, wheel },
    { 5, drag },
    { 2, odd_mouse },
    { 8, resize },
    { 20, words },
    { 1, monkey_synchronize },
    { 1, stop },
    { 1, signal_for_nothing },
    { 1, damage },
    { 1, monkey_quit },
};

void monkey_event(void)
{
    uint64_t all = 0;
    size_t i = 0;
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++)
        all += events[e].weight;
    for (uint64_t left = monkey_below(all); left >= events[i].weight; i++)
        left -= events[i].weight;
    events[i].make();
}
