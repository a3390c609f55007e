/*
 * What the commands share: the file, the chosen tensors, the engine, the way out.
 *
 * Functions that return an exit code have told stderr why it is not CLI_GOOD.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "cli/human.h"
#include "cli/options.h"
#include "cli/progress.h"

#include <limits.h>

typedef struct cli_session {
    const cli_arguments *arguments;
    cli_style style;
    bool quiet;
    const char *path; /* of the model */
    char demo_path[PATH_MAX];
    bool is_demo;
    ql_model *model;
    ql_engine *engine;
    const ql_tensor **tensors; /* chosen, in the order of the file */
    size_t tensor_count;
    cli_progress progress;
} cli_session;

void cli_session_begin(cli_session *session, const cli_arguments *arguments);
void cli_session_end(cli_session *session);

/* Opens a file as --layout and --raw say. */
ql_status cli_model_open(const cli_arguments *arguments, const char *path, ql_model **out, ql_error *error);

/* Opens the file that was named, or the demo model. */
int cli_session_open(cli_session *session);

/* The tensors that `patterns` match (all of them when pattern_count is 0): each has to match at least one. */
int cli_session_choose(cli_session *session, const char *const *patterns, size_t pattern_count);

/* What -t says. */
int cli_session_choose_given(cli_session *session);

/* What -t says has to be one tensor, and -s one spec. */
int cli_session_choose_one(cli_session *session, ql_spec *spec);

/* Starts the threads, the progress line and ^C for work of `total` elements. */
int cli_session_start(cli_session *session, double total);

/* The monitor of the next task. */
const ql_monitor *cli_session_task(cli_session *session, double elements);

/* Writes the document to stdout in the format that was asked for. */
void cli_session_write(const cli_session *session, const sheet_document *document);

/* True when a table for people is to be written. */
bool cli_session_is_human(const cli_session *session);

/* The reason in a message that begins with "FILE: tensor 'NAME': ". */
const char *cli_reason_in(const char *message);

/* The profile of a tensor, or why it cannot be quantized or measured: *note, malloced, when the tensor is unusable (then
 *out may still hold the profile, of a tensor with NaN or Inf). Only other failures give an exit code. */
int cli_session_profile(cli_session *session, const ql_tensor *tensor, ql_profile **out, char **note);

#endif
