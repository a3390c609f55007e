/* What the commands share: see session.h. */
#include "cli/session.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "text/demo.h"
#include "text/memory.h"
#include "text/near.h"
#include "text/plain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_WIDTH = 120, LEAST_WIDTH = 60, NEAR_NAMES = 3, MOST_THREADS = 1024 };

static size_t screen_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col > LEAST_WIDTH ? size.ws_col : LEAST_WIDTH;
}

static bool wants_color(const cli_arguments *arguments)
{
    const char *color = cli_value(arguments, CLI_COLOR);
    if (color && strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(none && *none) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void cli_session_begin(cli_session *session, const cli_arguments *arguments)
{
    *session = (cli_session) { .arguments = arguments };
    session->style = (cli_style) { .width = screen_width(), .color = wants_color(arguments) };
    session->quiet = cli_is_given(arguments, CLI_QUIET);
}

void cli_session_end(cli_session *session)
{
    cli_progress_hide();
    free(session->tensors);
    ql_engine_free(&session->engine);
    ql_model_free(&session->model);
}

ql_layout cli_layout_given(const cli_arguments *arguments)
{
    const char *layout = cli_value(arguments, CLI_LAYOUT);
    if (!layout)
        return QL_LAYOUT_AUTO;
    return strcmp(layout, ql_layout_name(QL_LAYOUT_IN_OUT)) == 0 ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN;
}

ql_status cli_model_open(const cli_arguments *arguments, const char *path, ql_model **out, ql_error *error)
{
    const char *raw = cli_value(arguments, CLI_RAW);
    const ql_layout layout = cli_layout_given(arguments);
    return raw ? ql_model_open_raw(path, raw, layout, out, error) : ql_model_open(path, layout, out, error);
}

int cli_session_open(cli_session *session)
{
    if (session->arguments->operand_count) {
        session->path = session->arguments->operands[0];
    } else if (cli_is_given(session->arguments, CLI_RAW)) {
        return cli_complain("--raw describes a FILE: name it");
    } else {
        session->is_demo = true;
        session->path = session->demo_path;
        if (!text_demo_path(session->demo_path, sizeof session->demo_path))
            return cli_complain("no file was named, and the demo model is not at %s", cli_shown(session->demo_path));
        if (!session->quiet)
            cli_complain("no file was named: this is the demo model, %s", cli_shown(session->path));
    }
    ql_error error;
    if (cli_model_open(session->arguments, session->path, &session->model, &error) != QL_OK)
        return cli_complain_error(&error);
    session->path = ql_model_path(session->model); /* the file in the folder that was named */
    return CLI_GOOD;
}

static ql_text tensor_name_at(const void *context, size_t index)
{
    return ql_model_tensor(context, index)->name;
}

static int complain_no_match(const cli_session *session, const char *pattern)
{
    size_t near[NEAR_NAMES];
    size_t count =
        text_near(pattern, tensor_name_at, session->model, ql_model_tensor_count(session->model), near, NEAR_NAMES);
    char names[NEAR_NAMES * 300] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s'%s'",
                 i == 0          ? ""
                 : i + 1 < count ? ", "
                                 : " or ",
                 cli_shown_text(tensor_name_at(session->model, near[i])));
    }
    if (count)
        return cli_complain("%s: no tensor matches '%s'; did you mean %s?", cli_shown(session->path), cli_shown(pattern),
                            names);
    return cli_complain("%s: no tensor matches '%s'; `qloupe ls` lists the names", cli_shown(session->path),
                        cli_shown(pattern));
}

int cli_session_choose(cli_session *session, const char *const *patterns, size_t pattern_count)
{
    size_t all = ql_model_tensor_count(session->model);
    if (all == 0)
        return cli_complain("%s: no tensors in this file: nothing to do", cli_shown(session->path));
    bool *chosen = text_allocate(all, sizeof *chosen);
    size_t *matches = text_allocate(all, sizeof *matches);
    int code = CLI_GOOD;
    for (size_t i = 0; i < pattern_count && code == CLI_GOOD; i++) {
        size_t count = ql_model_match(session->model, patterns[i], matches, all);
        for (size_t match = 0; match < count; match++)
            chosen[matches[match]] = true;
        if (count == 0)
            code = complain_no_match(session, patterns[i]);
    }
    session->tensors = text_allocate(all, sizeof *session->tensors);
    for (size_t i = 0; i < all; i++)
        if (pattern_count == 0 || chosen[i])
            session->tensors[session->tensor_count++] = ql_model_tensor(session->model, i);
    free(matches);
    free(chosen);
    return code;
}

int cli_session_choose_given(cli_session *session)
{
    size_t count = cli_value_count(session->arguments, CLI_TENSOR);
    const char **patterns = text_allocate(count, sizeof *patterns);
    for (size_t i = 0; i < count; i++)
        patterns[i] = cli_value_at(session->arguments, CLI_TENSOR, i);
    int code = cli_session_choose(session, patterns, count);
    free(patterns);
    return code;
}

int cli_session_choose_one(cli_session *session, ql_spec *spec)
{
    const cli_arguments *arguments = session->arguments;
    const char *command = arguments->command->name;
    if (cli_value_count(arguments, CLI_SPEC) != 1)
        return cli_complain("`qloupe %s` takes one spec: -s SPEC, such as -s absmax:bits=4; see `qloupe schemes`", command);
    ql_error error;
    if (ql_spec_parse(cli_value(arguments, CLI_SPEC), spec, &error) != QL_OK)
        return cli_complain_error(&error);
    int code = cli_session_open(session);
    if (code == CLI_GOOD)
        code = cli_session_choose_given(session);
    if (code != CLI_GOOD || session->tensor_count == 1)
        return code;
    return cli_complain("%s: %zu tensors match, `qloupe %s` takes one: give its name, such as -t '%s'",
                        cli_shown(session->path), session->tensor_count, command, cli_shown_text(session->tensors[0]->name));
}

int cli_threads_given(const cli_arguments *arguments, unsigned *out)
{
    const char *text = cli_value(arguments, CLI_THREADS);
    *out = 0;
    if (!text)
        return CLI_GOOD;
    char *end;
    unsigned long threads = strtoul(text, &end, 10);
    if (*end || text[0] < '0' || text[0] > '9' || threads < 1 || threads > MOST_THREADS)
        return cli_complain("--threads %s: a number from 1 to %d is allowed", cli_shown(text), MOST_THREADS);
    *out = (unsigned)threads;
    return CLI_GOOD;
}

int cli_session_start(cli_session *session, double total)
{
    unsigned threads;
    int code = cli_threads_given(session->arguments, &threads);
    if (code != CLI_GOOD)
        return code;
    ql_error error;
    if (ql_engine_new(threads, &session->engine, &error) != QL_OK)
        return cli_complain_error(&error);
    cli_progress_begin(&session->progress, total, session->quiet);
    return CLI_GOOD;
}

const ql_monitor *cli_session_task(cli_session *session, double elements)
{
    cli_progress_task(&session->progress, elements);
    return &session->progress.monitor;
}

/* NULL: a table for people is to be written. */
static const sheet_format *asked_format(const cli_session *session)
{
    static const cli_option options[] = { CLI_JSON, CLI_CSV, CLI_MD };
    const sheet_format *format = NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        for (size_t f = 0; !format && cli_is_given(session->arguments, options[i]) && sheet_format_at(f); f++)
            if (strcmp(sheet_format_at(f)->name, cli_option_describe(options[i])->name) == 0)
                format = sheet_format_at(f);
    return format;
}

bool cli_session_is_human(const cli_session *session)
{
    return !asked_format(session);
}

void cli_session_write(const cli_session *session, const sheet_document *document)
{
    const sheet_format *format = asked_format(session);
    if (format)
        format->write(stdout, document);
    else
        cli_write_human(stdout, document, &session->style);
}

const char *cli_reason_in(const char *message)
{
    static const char mark[] = "tensor '";
    const char *tensor = strstr(message, mark);
    const char *name_end = tensor ? strstr(tensor + sizeof mark - 1, "': ") : NULL;
    return name_end ? name_end + 3 : message;
}

int cli_session_profile(cli_session *session, const ql_tensor *tensor, ql_profile **out, char **note)
{
    ql_error error;
    *out = NULL;
    *note = NULL;
    const ql_monitor *monitor = cli_session_task(session, (double)tensor->element_count);
    ql_status status = ql_profile_make(session->engine, session->model, tensor, monitor, out, &error);
    if (status == QL_UNUSABLE)
        *note = text_copy(cli_reason_in(error.message));
    else if (status != QL_OK)
        return cli_complain_error(&error);
    else if ((*out)->unusable)
        *note = text_copy((*out)->unusable);
    return CLI_GOOD;
}
