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

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted, true);
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
    struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void cli_progress_task(cli_progress *progress, double elements)
{
    progress->done += progress->task;
    progress->task = elements;
}

void cli_progress_end(cli_progress *progress)
{
    if (progress->drawn > 0) {
        fprintf(stderr, "\r%*s\r", LINE_WIDTH, "");
        fflush(stderr);
    }
    progress->drawn = 0;
}
