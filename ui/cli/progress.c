/* Progress on stderr and ^C: see progress.h. */
#include "cli/progress.h"

#include "text/number.h"
#include "text/plain.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 0.5 /* seconds before the line appears */
#define PAUSE    0.1 /* seconds between two lines */

enum { ETA_WIDTH = 10, LINE_WIDTH = 22 + ETA_WIDTH, USUAL_COLUMNS = 80, MOST_LABEL = 60 };

static atomic_bool interrupted;
static atomic_int line_drawn; /* its width, 0: there is none */

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted, true);
}

/* Asked to end at once: nothing half-written stays behind, and whoever asked sees how it ended. */
static void on_end(int signal_number)
{
    ql_outfile_discard_all();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* A signal that whoever started us ignores (nohup) stays ignored; ^C always cancels. */
static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction before;
    if (handler == on_end && sigaction(signal_number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

/* "\r 54 %  line 2 of 7, int8:row  ^C stops  ETA 0:03", padded so that it covers the line before it. */
static void draw(const char *label, double share, double seconds)
{
    char eta[TEXT_NUMBER_SIZE], what[sizeof((cli_progress *)0)->label + 4] = "";
    text_duration(eta, share > 0 ? seconds * (1 - share) / share : 0);
    const int room = columns() - LINE_WIDTH - 3;
    if (*label && room > 0) {
        snprintf(what, sizeof what, "%s", label);
        text_cut(what, sizeof what, (size_t)room);
    }
    const int width = LINE_WIDTH + (*what ? (int)text_width(what) + 2 : 0), before = atomic_load(&line_drawn);
    fprintf(stderr, "\r%3u %%  %s%s^C stops  ETA %-*s%*s", (unsigned)(100 * share), what, *what ? "  " : "", ETA_WIDTH, eta,
            before > width ? before - width : 0, "");
    fflush(stderr);
    atomic_store(&line_drawn, width > before ? width : before);
}

/* On any worker, never two at once. */
static bool tick(void *context, uint64_t done, uint64_t total)
{
    cli_progress *progress = context;
    if (atomic_load(&interrupted))
        return false;
    if (!progress->shown)
        return true;
    double time = now();
    if (time - progress->started < PATIENCE || time - progress->drawn < PAUSE)
        return true;
    double inside = total ? progress->task * (double)done / (double)total : 0;
    double share = progress->total > 0 ? (progress->done + inside) / progress->total : 0;
    progress->drawn = time;
    draw(progress->label, share < 1 ? share : 1, time - progress->started);
    return true;
}

void cli_progress_begin(cli_progress *progress, double total, bool quiet)
{
    *progress = (cli_progress) { .monitor = { tick, progress }, .total = total, .started = now() };
    progress->shown = !quiet && isatty(STDERR_FILENO);
    handle(SIGINT, on_interrupt);
    handle(SIGTERM, on_end);
    handle(SIGHUP, on_end);
}

cli_progress cli_progress_of(double total)
{
    return (cli_progress) { .total = total, .started = now() };
}

void cli_progress_join(cli_progress *progress, const cli_progress *all)
{
    progress->total = all->total;
    progress->done = all->done;
    progress->started = all->started;
    progress->drawn = all->drawn;
}

void cli_progress_leave(const cli_progress *progress, cli_progress *all)
{
    all->done = progress->done + progress->task;
    all->drawn = progress->drawn;
}

void cli_progress_label(cli_progress *progress, const char *label)
{
    snprintf(progress->label, sizeof progress->label, "%s", label);
    text_cut(progress->label, sizeof progress->label, MOST_LABEL);
}

void cli_progress_task(cli_progress *progress, double elements)
{
    progress->done += progress->task;
    progress->task = elements;
}

void cli_progress_hide(void)
{
    const int width = atomic_exchange(&line_drawn, 0);
    if (width == 0)
        return;
    fprintf(stderr, "\r%*s\r", width, "");
    fflush(stderr);
}
