/* Times keys on a pseudo-terminal. */
#include "tui/latency.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tui/signals.h"
#include "tui/terminal.h"

enum { PAINT, NUMBERS, EXACT, TIME_COUNT };

struct tui_latency {
    int master, slave, rows, cols;
    pthread_t reader;
    bool has_reader;

    size_t keys, counts[TIME_COUNT];
    double *times[TIME_COUNT]; /* milliseconds, owned */
    double typed_at;
    bool is_typing;          /* a key is on its way */
    bool is_due[TIME_COUNT]; /* the repaint of the newest key has not come yet */

    size_t sent;                /* frames */
    atomic_size_t first_frame;  /* that counts: frames before the first key do not */
    size_t frames, bytes, most; /* the reader's: frames that count, all their bytes, those of the largest */
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The terminal's side: takes what is sent at once, until the interface has left. */
static void *read_frames(void *argument)
{
    static const char mark[] = TUI_FRAME_END; /* its first character is not in it again */
    tui_latency *latency = argument;
    size_t matched = 0, bytes = 0, index = 0;
    char buffer[65536];
    for (;;) {
        const ssize_t got = read(latency->master, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return NULL;
        for (ssize_t i = 0; i < got; i++) {
            bytes++;
            matched = buffer[i] == mark[matched] ? matched + 1 : buffer[i] == mark[0];
            if (matched < sizeof mark - 1)
                continue;
            if (index++ >= atomic_load(&latency->first_frame)) {
                latency->frames++;
                latency->bytes += bytes;
                latency->most = bytes > latency->most ? bytes : latency->most;
            }
            bytes = matched = 0;
        }
    }
}

static bool open_terminal(tui_latency *latency)
{
    const struct winsize size = { (unsigned short)latency->rows, (unsigned short)latency->cols, 0, 0 };
    char name[128];
    latency->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (latency->master < 0 || grantpt(latency->master) != 0 || unlockpt(latency->master) != 0 ||
        ptsname_r(latency->master, name, sizeof name) != 0)
        return false;
    latency->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return latency->slave >= 0 && ioctl(latency->slave, TIOCSWINSZ, &size) == 0;
}

ql_status tui_latency_start(int rows, int cols, size_t keys, tui_latency **out, ql_error *error)
{
    tui_latency *latency = calloc(1, sizeof *latency);
    bool good = latency != NULL;
    if (good) {
        *latency = (tui_latency) { .master = -1, .slave = -1, .rows = rows, .cols = cols, .first_frame = SIZE_MAX };
        for (int i = 0; i < TIME_COUNT; i++) {
            latency->times[i] = malloc((keys + 1) * sizeof *latency->times[i]);
            good = good && latency->times[i];
        }
        good = good && open_terminal(latency);
        good = good && (latency->has_reader = tui_signals_thread(&latency->reader, read_frames, latency));
    }
    if (good) {
        *out = latency;
        return QL_OK;
    }
    snprintf(error->message, sizeof error->message, "--bench-ui: no pseudo-terminal: %s", strerror(errno));
    tui_latency_free(&latency);
    return error->status = QL_UNUSABLE;
}

int tui_latency_terminal(const tui_latency *latency)
{
    return latency->slave;
}

bool tui_latency_type(tui_latency *latency, tui_key key)
{
    char bytes[TUI_KEY_BYTES];
    const size_t size = tui_terminal_encode(key, bytes);
    if (latency->keys++ == 0)
        atomic_store(&latency->first_frame, latency->sent);
    latency->is_due[PAINT] = latency->is_due[NUMBERS] = latency->is_due[EXACT] = latency->is_typing = true;
    latency->typed_at = now_ms();
    return size > 0 && write(latency->master, bytes, size) == (ssize_t)size;
}

bool tui_latency_is_waiting(const tui_latency *latency)
{
    return latency->is_due[PAINT];
}

void tui_latency_pressed(tui_latency *latency)
{
    if (latency)
        latency->is_typing = false;
}

void tui_latency_painted(tui_latency *latency, bool sent, bool current, bool exact)
{
    if (!latency)
        return;
    latency->sent += sent;
    if (latency->is_typing)
        return;
    const double passed = now_ms() - latency->typed_at;
    const bool is_there[TIME_COUNT] = { [PAINT] = true, [NUMBERS] = current, [EXACT] = exact };
    for (int i = 0; i < TIME_COUNT; i++) {
        if (latency->is_due[i] && is_there[i])
            latency->times[i][latency->counts[i]++] = passed;
        latency->is_due[i] = latency->is_due[i] && !is_there[i];
    }
}

/* ---- What was found -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned percent;
} quantiles[] = { { "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "max", 100 } };
enum { QUANTILE_COUNT = sizeof quantiles / sizeof quantiles[0] };

static const char *const time_keys[TIME_COUNT] = { "paint_ms", "numbers_ms", "exact_ms" };
static const char *const time_titles[TIME_COUNT] = { "first repaint, ms", "first numbers, ms", "exact numbers, ms" };

static int compare_times(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The least time that so many percent of the keys did not exceed. */
static double quantile(const double *sorted, size_t count, unsigned percent)
{
    return sorted[(count * percent + 99) / 100 - 1];
}

static void print_json(const tui_latency *latency, unsigned threads, FILE *out)
{
    fprintf(out, "{\"schema\":1,\"keys\":%zu,\"size\":\"%dx%d\",\"threads\":%u", latency->keys, latency->cols, latency->rows,
            threads);
    for (int i = 0; i < TIME_COUNT; i++) {
        fprintf(out, ",\"%s\":{\"n\":%zu", time_keys[i], latency->counts[i]);
        for (size_t q = 0; q < QUANTILE_COUNT; q++)
            if (latency->counts[i])
                fprintf(out, ",\"%s\":%.3f", quantiles[q].name,
                        quantile(latency->times[i], latency->counts[i], quantiles[q].percent));
            else
                fprintf(out, ",\"%s\":null", quantiles[q].name);
        fputs("}", out);
    }
    fprintf(out, ",\"frame_bytes\":{\"n\":%zu,\"mean\":%.1f,\"max\":%zu}}\n", latency->frames,
            latency->frames ? (double)latency->bytes / (double)latency->frames : 0, latency->most);
}

static void print_table(const tui_latency *latency, unsigned threads, FILE *out)
{
    fprintf(out, "%zu keys, %dx%d, %u thread%s\n\n%-18s %6s", latency->keys, latency->cols, latency->rows, threads,
            threads == 1 ? "" : "s", "from the key to", "n");
    for (size_t q = 0; q < QUANTILE_COUNT; q++)
        fprintf(out, " %9s", quantiles[q].name);
    for (int i = 0; i < TIME_COUNT; i++) {
        fprintf(out, "\n%-18s %6zu", time_titles[i], latency->counts[i]);
        for (size_t q = 0; q < QUANTILE_COUNT && latency->counts[i]; q++)
            fprintf(out, " %9.3f", quantile(latency->times[i], latency->counts[i], quantiles[q].percent));
    }
    fprintf(out, "\n\n%-18s %6s %9s %9s\n%-18s %6zu %9.1f %9zu\n", "", "n", "mean", "max", "bytes per frame",
            latency->frames, latency->frames ? (double)latency->bytes / (double)latency->frames : 0, latency->most);
}

/* Without the slave the reader comes to its end, having read all. */
static void hang_up(tui_latency *latency)
{
    if (latency->slave >= 0)
        close(latency->slave);
    latency->slave = -1;
    if (latency->has_reader)
        pthread_join(latency->reader, NULL);
    latency->has_reader = false;
}

void tui_latency_report(tui_latency *latency, unsigned threads, bool json, FILE *out)
{
    hang_up(latency);
    for (int i = 0; i < TIME_COUNT; i++)
        qsort(latency->times[i], latency->counts[i], sizeof *latency->times[i], compare_times);
    (json ? print_json : print_table)(latency, threads, out);
}

void tui_latency_free(tui_latency **held)
{
    tui_latency *latency = *held;
    *held = NULL;
    if (!latency)
        return;
    hang_up(latency);
    if (latency->master >= 0)
        close(latency->master);
    for (int i = 0; i < TIME_COUNT; i++)
        free(latency->times[i]);
    free(latency);
}
