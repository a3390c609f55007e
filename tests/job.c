/* The small shell, and the side of the terminal. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

/* ---- The shell ------------------------------------------------------------------------------------------------- */

static bool modes_are(const struct termios *before)
{
    struct termios now;
    return tcgetattr(STDIN_FILENO, &now) == 0 && now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
           now.c_cflag == before->c_cflag && now.c_lflag == before->c_lflag &&
           memcmp(now.c_cc, before->c_cc, sizeof now.c_cc) == 0;
}

static void tell(int news, job_news what)
{
    if (write(news, &what, sizeof what) != (ssize_t)sizeof what)
        _exit(125);
}

static _Noreturn void run_job(const job_command *command)
{
    static const int asked[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE };
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        signal(asked[i], SIG_DFL);
    for (const char *const *at = command->environment; *at; at += 2)
        if (at[1][0])
            setenv(at[0], at[1], 1);
        else
            unsetenv(at[0]);
    const int errors = command->errors ? open(command->errors, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (chdir(command->folder) != 0 || (command->errors && dup2(errors, STDERR_FILENO) < 0))
        _exit(126);
    execv(command->arguments[0], (char *const *)command->arguments);
    _exit(127);
}

/* In the session of the terminal: starts the job, tells what becomes of it, continues it when told to. */
static _Noreturn void be_shell(const job_command *command, int news, int orders)
{
    static const int ignored[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTOU, SIGTTIN };
    struct termios before;
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    tcgetattr(STDIN_FILENO, &before);
    const pid_t pid = fork();
    if (pid == 0)
        run_job(command);
    if (pid < 0)
        _exit(125);
    setpgid(pid, pid);
    tcsetpgrp(STDIN_FILENO, pid);
    tell(news, (job_news) { JOB_STARTED, pid, true });
    for (int status;;) {
        char order;
        if (waitpid(pid, &status, WUNTRACED) < 0)
            _exit(125);
        tcsetpgrp(STDIN_FILENO, getpgrp());
        tell(news, (job_news) { WIFSTOPPED(status) ? JOB_STOPPED : JOB_ENDED, status, modes_are(&before) });
        if (read(orders, &order, 1) != 1 || !WIFSTOPPED(status))
            _exit(0);
        tcsetpgrp(STDIN_FILENO, pid);
        kill(-pid, SIGCONT);
    }
}

/* ---- The terminal ---------------------------------------------------------------------------------------------- */

bool job_start(job *out, const job_command *command)
{
    const struct winsize size = { (unsigned short)command->rows, (unsigned short)command->cols, 0, 0 };
    enum { MASTER, SLAVE, NEWS_OUT, NEWS_IN, ORDERS_OUT, ORDERS_IN, COUNT };
    int fds[COUNT] = { -1, -1, -1, -1, -1, -1 };
    *out = (job) { .master = -1 };
    bool good = openpty(&fds[MASTER], &fds[SLAVE], NULL, NULL, &size) == 0 && pipe2(&fds[NEWS_OUT], O_CLOEXEC) == 0 &&
                pipe2(&fds[ORDERS_OUT], O_CLOEXEC) == 0 && fcntl(fds[MASTER], F_SETFD, FD_CLOEXEC) == 0 &&
                fcntl(fds[MASTER], F_SETFL, O_NONBLOCK) == 0;
    good = good && (out->shell = fork()) >= 0;
    if (good && out->shell == 0) {
        close(fds[MASTER]);
        close(fds[NEWS_OUT]);
        close(fds[ORDERS_IN]);
        if (login_tty(fds[SLAVE]) != 0)
            _exit(126);
        be_shell(command, fds[NEWS_IN], fds[ORDERS_OUT]);
    }
    const bool is_other[COUNT] = { [SLAVE] = true, [NEWS_IN] = true, [ORDERS_OUT] = true }; /* the shell's */
    for (int i = 0; i < COUNT; i++)
        if (fds[i] >= 0 && (is_other[i] || !good))
            close(fds[i]);
    out->master = fds[MASTER];
    out->news = fds[NEWS_OUT];
    out->orders = fds[ORDERS_IN];
    return good;
}

bool job_type(job *terminal, const char *bytes, size_t size)
{
    if (size > sizeof terminal->waiting - terminal->waiting_size)
        return false;
    memcpy(terminal->waiting + terminal->waiting_size, bytes, size);
    terminal->waiting_size += size;
    return true;
}

/* Keeps the end of what has come. */
static void remember(job *terminal, const char *bytes, size_t size)
{
    const size_t room = sizeof terminal->last - 1;
    if (size > room) {
        bytes += size - room;
        size = room;
    }
    const size_t kept = terminal->last_size + size > room ? room - size : terminal->last_size;
    memmove(terminal->last, terminal->last + terminal->last_size - kept, kept);
    memcpy(terminal->last + kept, bytes, size);
    terminal->last_size = kept + size;
    terminal->last[terminal->last_size] = 0;
}

static void take_output(job *terminal)
{
    char bytes[65536];
    for (ssize_t got; (got = read(terminal->master, bytes, sizeof bytes)) > 0;) {
        vt_feed(&terminal->screen, bytes, (size_t)got);
        remember(terminal, bytes, (size_t)got);
    }
}

static void give_input(job *terminal)
{
    const ssize_t taken = write(terminal->master, terminal->waiting, terminal->waiting_size);
    if (taken <= 0)
        return;
    terminal->waiting_size -= (size_t)taken;
    memmove(terminal->waiting, terminal->waiting + taken, terminal->waiting_size);
}

job_news job_step(job *terminal, int milliseconds)
{
    const short wanted = terminal->waiting_size > 0 ? POLLIN | POLLOUT : POLLIN;
    struct pollfd fds[] = { { .fd = terminal->master, .events = wanted }, { .fd = terminal->news, .events = POLLIN } };
    job_news news = { JOB_NOTHING, 0, true };
    if (poll(fds, 2, milliseconds) < 0 && errno != EINTR)
        return (job_news) { JOB_GONE, 0, false };
    if (terminal->waiting_size > 0 && fds[0].revents & POLLOUT)
        give_input(terminal);
    if (fds[1].revents && read(terminal->news, &news, sizeof news) != (ssize_t)sizeof news)
        news = (job_news) { JOB_GONE, 0, false };
    take_output(terminal); /* after the news: all that was sent before them */
    if (news.what == JOB_STARTED)
        terminal->pid = news.value;
    if (news.what == JOB_ENDED || news.what == JOB_GONE)
        terminal->pid = 0;
    return news;
}

void job_resize(job *terminal, int rows, int cols)
{
    const struct winsize size = { (unsigned short)rows, (unsigned short)cols, 0, 0 };
    ioctl(terminal->master, TIOCSWINSZ, &size);
}

void job_continue(job *terminal)
{
    if (write(terminal->orders, "c", 1) != 1)
        terminal->pid = 0;
}

void job_close(job *terminal)
{
    if (terminal->pid > 0)
        kill(terminal->pid, SIGKILL);
    close(terminal->orders); /* the shell ends */
    close(terminal->master);
    close(terminal->news);
    while (waitpid(terminal->shell, NULL, 0) < 0 && errno == EINTR) {
    }
}
