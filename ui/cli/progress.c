/* Progress on stderr and ^C: see progress.h. */
#include "cli/progress.h"

#include "text/number.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 0.5 /* seconds before the line appears */
#define PAUSE    0.1 /* seconds between two lines */

enum { ETA_WIDTH = 10, LINE_WIDTH = 22 + ETA_WIDTH };

static atomic_bool interrupted;
static atomic_bool line_drawn;

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

/* "\r 54 %  ^C stops  ETA 0:03", padded so that it covers the line before it. */
static void draw(double share, double seconds)
{
    char eta[TEXT_NUMBER_SIZE];
    text_duration(eta, share > 0 ? seconds * (1 - share) / share : 0);
    fprintf(stderr, "\r%3u %%  ^C stops  ETA %-*s", (unsigned)(100 * share), ETA_WIDTH, eta);
    fflush(stderr);
    atomic_store(&line_drawn, true);
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
    draw(share < 1 ? share : 1, time - progress->started);
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

void cli_progress_task(cli_progress *progress, double elements)
{
    progress->done += progress->task;
    progress->task = elements;
}

void cli_progress_hide(void)
{
    if (!atomic_exchange(&line_drawn, false))
        return;
    fprintf(stderr, "\r%*s\r", LINE_WIDTH, "");
    fflush(stderr);
}
