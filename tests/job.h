/*
 * A program on a pseudo-terminal, as the foreground job of a small shell: the shell says when the job has stopped or ended
 * and whether the terminal's modes are then as they were, and continues it when it is told to.
 *
 * Everything here is for one thread. Nothing waits: job_step reads what has come and writes what is taken.
 */
#ifndef QL_TESTS_JOB_H
#define QL_TESTS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vt.h"

typedef struct job_news {
    enum { JOB_NOTHING, JOB_STARTED, JOB_STOPPED, JOB_ENDED, JOB_GONE } what;
    int value;    /* JOB_STARTED: the process; JOB_ENDED: its wait status */
    bool as_were; /* JOB_STOPPED, JOB_ENDED: the modes of the terminal are those from before the start */
} job_news;

typedef struct job {
    int master, news, orders;
    pid_t shell, pid; /* pid: of the job; 0 until it has started, and when it has ended */
    vt screen;
    char waiting[1 << 16]; /* what has not been taken yet */
    size_t waiting_size;
    char last[1 << 16]; /* of what it sent: the end, zero-terminated */
    size_t last_size;
} job;

typedef struct job_command {
    const char *const *arguments;   /* the program first, NULL last */
    const char *const *environment; /* names and values in turn, NULL last; a value "" takes the name away */
    const char *folder;             /* where it runs */
    const char *errors;             /* its standard error goes to the end of this file; NULL: to the terminal */
    int rows, cols;
} job_command;

/* False when the system has no terminal, pipe or process left; nothing is then open. */
bool job_start(job *out, const job_command *command);

/* To be typed as soon as it is taken; false when more waits than there is room for. */
bool job_type(job *terminal, const char *bytes, size_t size);

/* Waits for news, output or room for input, `milliseconds` at the most, and takes it. JOB_GONE: the shell is no more. */
job_news job_step(job *terminal, int milliseconds);

void job_resize(job *terminal, int rows, int cols);

/* After JOB_STOPPED: the job goes on in the foreground. */
void job_continue(job *terminal);

/* Ends what is left of it, and closes all. */
void job_close(job *terminal);

#endif
