/* Signal handlers: a byte in a pipe for the event loop, or the terminal's way back when the program breaks. */
#include "tui/signals.h"

#include "qloupe.h"
#include "text/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static const int noticed[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
enum { NOTICED_COUNT = sizeof noticed / sizeof noticed[0], FATAL_COUNT = sizeof fatal / sizeof fatal[0] };

static int wake[2] = { -1, -1 };
static volatile sig_atomic_t pending[NOTICED_COUNT];

static struct {
    atomic_bool armed;
    int fd;
    struct termios modes;
    size_t size;
    char bytes[512];
} guard;

/* A broken stack still needs one to run a handler on. */
static char crash_stack[64 * 1024];

static void notice(int number)
{
    int saved = errno;
    for (size_t i = 0; i < NOTICED_COUNT; i++)
        if (noticed[i] == number)
            pending[i] = 1;
    if (write(wake[1], "", 1) < 0) { /* full: the loop will wake up anyway */
    }
    errno = saved;
}

void tui_signals_leave(void)
{
    if (!atomic_exchange(&guard.armed, false))
        return;
    for (size_t at = 0; at < guard.size;) {
        ssize_t written = write(guard.fd, guard.bytes + at, guard.size - at);
        if (written <= 0)
            break;
        at += (size_t)written;
    }
    tcsetattr(guard.fd, TCSANOW, &guard.modes);
}

static void crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number == SIGBUS && info->si_code > 0 && ql_fault_absorb(info->si_addr))
        return; /* a model file was cut: whoever reads it is told */
    signal(number, SIG_DFL);
    tui_signals_leave();
    raise(number); /* die of the same signal */
}

static void set_handlers(const int *numbers, size_t count, const struct sigaction *action)
{
    for (size_t i = 0; i < count; i++)
        sigaction(numbers[i], action, NULL);
}

bool tui_signals_start(void)
{
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    memset((void *)pending, 0, sizeof pending);
    stack_t stack = { .ss_sp = crash_stack, .ss_size = sizeof crash_stack };
    sigaltstack(&stack, NULL);
    struct sigaction on_notice = { .sa_handler = notice };
    struct sigaction on_crash = { .sa_sigaction = crash, .sa_flags = (int)(SA_SIGINFO | SA_NODEFER | SA_ONSTACK) };
    sigemptyset(&on_notice.sa_mask);
    sigemptyset(&on_crash.sa_mask);
    set_handlers(noticed, NOTICED_COUNT, &on_notice);
    set_handlers(fatal, FATAL_COUNT, &on_crash);
    return true;
}

void tui_signals_guard(int fd, const struct termios *modes, const char *bytes, size_t size)
{
    atomic_store(&guard.armed, false);
    guard.fd = fd;
    guard.modes = *modes;
    guard.size = size < sizeof guard.bytes ? size : sizeof guard.bytes;
    memcpy(guard.bytes, bytes, guard.size);
    atomic_store(&guard.armed, true);
}

void tui_signals_stop(void)
{
    atomic_store(&guard.armed, false);
    if (wake[0] < 0)
        return;
    struct sigaction standard = { .sa_handler = SIG_DFL };
    sigemptyset(&standard.sa_mask);
    set_handlers(noticed, NOTICED_COUNT, &standard);
    set_handlers(fatal, FATAL_COUNT, &standard);
    text_map_files(); /* its handler was ours */
    close(wake[0]);
    close(wake[1]);
    wake[0] = wake[1] = -1;
}

int tui_signals_fd(void)
{
    return wake[0];
}

tui_notices tui_signals_take(void)
{
    char bytes[64];
    while (read(wake[0], bytes, sizeof bytes) > 0)
        ;
    tui_notices notices = { 0 };
    for (size_t i = 0; i < NOTICED_COUNT; i++) {
        if (!pending[i])
            continue;
        pending[i] = 0;
        notices.resized |= noticed[i] == SIGWINCH;
        notices.suspend |= noticed[i] == SIGTSTP;
        notices.continued |= noticed[i] == SIGCONT;
        if (i >= 3)
            notices.ended = noticed[i];
    }
    return notices;
}

bool tui_signals_thread(pthread_t *out, void *(*run)(void *), void *argument)
{
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (size_t i = 0; i < NOTICED_COUNT; i++)
        sigaddset(&blocked, noticed[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const bool good = pthread_create(out, NULL, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

void tui_signals_suspend(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL }, before;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, &before);
    kill(0, SIGTSTP); /* the whole job, as the terminal driver does */
    sigaction(SIGTSTP, &before, NULL);
}
