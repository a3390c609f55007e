/* What the files of the monkey share: where it is, what it knows of the program, how it gives up. */
#ifndef QL_TESTS_MONKEY_H
#define QL_TESTS_MONKEY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "job.h"

enum {
    ROUND_EVENTS = 500,
    HANG_MS = 120000, /* without an answer, on a machine with much else to do */
    ASK_MS = 100,     /* until it is asked again */
    FILES_MOST = 32,
    LOG_SIZE = 60,
    LAST_SIZE = 1000,      /* of the bytes that it sent last, shown */
    DESCRIPTORS_MORE = 12, /* that a session may have open beside those at its start */
};

#define MONKEY_DEMO "files/demo.safetensors"

extern struct monkey {
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

/* A random number below the limit, from the seed of the round. */
uint64_t monkey_below(uint64_t limit);
long monkey_now_ms(void);

/* A line for those that are printed when something goes wrong. */
void monkey_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void monkey_print(FILE *out, const char *bytes, size_t size);

/* Prints what went wrong, the last events and how to repeat them, and ends. */
_Noreturn void monkey_give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "FOLDER/NAME" in the folder of the round, in one of two static buffers. */
const char *monkey_path(const char *name);

/* The folder of a round, with files in it; when it is removed nothing else may be in it. */
void monkey_make_folder(void);
void monkey_remove_folder(void);

/* Takes what comes from the program, for so long at the most; judges it. */
void monkey_step(int milliseconds);

/* Waits until a repaint has ended, after `frames` of them; what `ask` says, when there is anything, asks for one. */
void monkey_wait(size_t frames, const char *ask);
void monkey_synchronize(void);

/* How many descriptors the program has open. */
size_t monkey_descriptors(void);

/* Makes something happen; and ends the program as a person would. */
void monkey_event(void);
void monkey_quit(void);

#endif
