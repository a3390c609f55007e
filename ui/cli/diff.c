/* qloupe diff: the same tensors of two files, what the second one lost. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/fail_on.h"
#include "sheet/results.h"
#include "text/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    TENSOR,
    OTHER,
    DTYPE,
    OTHER_DTYPE,
    SHAPE,
    LAYOUT,
    BITS,
    BYTES,
    METRICS,
    NOTE = METRICS + QL_METRIC_COUNT,
    COLUMN_COUNT
};

static const struct {
    const char *key, *line, *card, *help;
    text_form form;
} COLUMNS[COLUMN_COUNT] = {
    [TENSOR] = { "tensor", "tensor", NULL, NULL, TEXT_COUNT },
    [OTHER] = { "other", NULL, "name in B", NULL, TEXT_COUNT },
    [DTYPE] = { "dtype", "dtype", "dtype", NULL, TEXT_COUNT },
    [OTHER_DTYPE] = { "other_dtype", "in B", "dtype in B", NULL, TEXT_COUNT },
    [SHAPE] = { "shape", "shape", "shape", NULL, TEXT_COUNT },
    [LAYOUT] = { "layout", NULL, "layout", NULL, TEXT_COUNT },
    [BITS] = { "bits_per_weight", "bits/wt", "bits per weight", "as stored in B, everything counted", TEXT_SEVEN },
    [BYTES] = { "bytes", "size", "size", "in B", TEXT_BYTES },
    [NOTE] = { "note", "note", "note", NULL, TEXT_COUNT },
};

/* What one run works on. */
typedef struct work {
    cli_session *session;
    const char *other_path;
    ql_model *other;
    ql_pairs *pairs;
    const ql_pair **chosen; /* [chosen_count] */
    size_t chosen_count;
    cli_checks checks;
    sheet_column columns[COLUMN_COUNT];
    sheet_table table;
} work;

static void describe_columns(sheet_column out[COLUMN_COUNT], bool card)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        out[i] = (sheet_column) { .key = COLUMNS[i].key,
                                  .title = card ? COLUMNS[i].card : COLUMNS[i].line,
                                  .help = card ? COLUMNS[i].help : NULL,
                                  .form = COLUMNS[i].form };
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++) {
        out[METRICS + metric] = sheet_result_metric(metric, card);
        if (ql_metric_needs_codes(metric))
            out[METRICS + metric].title = NULL;
    }
    out[TENSOR].stretch = true;
    out[NOTE].note = !card;
}

/* ---- Which tensors */

/* --layout speaks of the first file; of the other one, too, when it is of the same format. */
static int open_other(work *at)
{
    const cli_session *session = at->session;
    const char *path = session->arguments->operands[1];
    const ql_layout layout = cli_layout_given(session->arguments);
    ql_error error;
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &at->other, &error);
    if (status == QL_OK && layout != QL_LAYOUT_AUTO &&
        strcmp(ql_model_format(at->other), ql_model_format(session->model)) == 0) {
        ql_model_free(&at->other);
        status = ql_model_open(path, layout, &at->other, &error);
    }
    if (status != QL_OK)
        return cli_complain_error(&error);
    at->other_path = ql_model_path(at->other);
    status = ql_pairs_make(session->model, at->other, &at->pairs, &error);
    return status == QL_OK ? CLI_GOOD : cli_complain_error(&error);
}

/* The pairs of the chosen tensors; both are in the order of the first file. */
static int choose_pairs(work *at)
{
    const cli_session *session = at->session;
    size_t tensor = 0;
    at->chosen = text_allocate(at->pairs->count, sizeof *at->chosen);
    for (size_t i = 0; i < at->pairs->count; i++) {
        const ql_pair *pair = &at->pairs->pairs[i];
        while (tensor < session->tensor_count && session->tensors[tensor] < pair->tensor)
            tensor++;
        if (tensor < session->tensor_count && session->tensors[tensor] == pair->tensor)
            at->chosen[at->chosen_count++] = pair;
    }
    if (at->chosen_count)
        return CLI_GOOD;
    if (at->pairs->count)
        return cli_complain("%s: none of the %zu tensors that -t names is in %s; `qloupe ls` lists what is",
                            cli_shown(session->path), session->tensor_count, cli_shown(at->other_path));
    return cli_complain("%s and %s have no tensor in common, by its name or by one that is known to mean the same; "
                        "`qloupe ls` lists the names",
                        cli_shown(session->path), cli_shown(at->other_path));
}

/* ---- Rows */

static void add_row(work *at, const ql_pair *pair, const ql_diff *diff, const char *note)
{
    sheet_cell *row = sheet_table_add(&at->table);
    row[TENSOR] = sheet_text(pair->tensor->name);
    row[OTHER] = sheet_text(pair->other->name);
    row[DTYPE] = sheet_dtype(pair->tensor->dtype);
    row[OTHER_DTYPE] = sheet_dtype(pair->other->dtype);
    row[SHAPE] = sheet_shape(pair->tensor);
    row[LAYOUT] = sheet_words(ql_layout_name(pair->tensor->layout));
    if (note && *note)
        row[NOTE] = sheet_words(sheet_table_keep(&at->table, note));
    if (!diff)
        return;
    row[BITS] = sheet_number(diff->bits_per_weight);
    row[BYTES] = sheet_unsigned(diff->byte_count);
    for (ql_metric metric = 0; metric < QL_METRIC_COUNT; metric++)
        if (!ql_metric_needs_codes(metric))
            row[METRICS + metric] = sheet_result_value(metric, diff->metrics[metric]);
}

/* Measures a pair whose first tensor is fine; what is wrong with the other one is a note. */
static int measure(work *at, const ql_pair *pair, const ql_profile *profile)
{
    ql_diff diff;
    ql_error error;
    const ql_monitor *monitor = cli_session_task(at->session, (double)pair->tensor->element_count);
    ql_status status = ql_diff_make(at->session->engine, profile, pair, monitor, &diff, &error);
    if (status == QL_UNUSABLE) {
        char note[sizeof error.message + 16];
        snprintf(note, sizeof note, "in B: %s", cli_reason_in(error.message));
        add_row(at, pair, NULL, note);
        cli_checks_numbers(&at->checks, pair->tensor, NULL);
        return CLI_GOOD;
    }
    if (status != QL_OK)
        return cli_complain_error(&error);
    const cli_checked numbers = { cli_shown(at->other_path), diff.metrics, diff.bits_per_weight, diff.byte_count, NULL };
    add_row(at, pair, &diff, pair->note);
    cli_checks_numbers(&at->checks, pair->tensor, &numbers);
    return CLI_GOOD;
}

static int measure_pair(work *at, const ql_pair *pair)
{
    ql_profile *profile = NULL;
    char *note = NULL;
    int code = CLI_GOOD;
    if (pair->is_comparable)
        code = cli_session_profile(at->session, pair->tensor, &profile, &note);
    if (code == CLI_GOOD && (note || !pair->is_comparable)) {
        add_row(at, pair, NULL, note ? note : pair->note);
        cli_checks_numbers(&at->checks, pair->tensor, NULL);
    } else if (code == CLI_GOOD) {
        code = measure(at, pair, profile);
    }
    free(note);
    ql_profile_free(&profile);
    return code;
}

static int measure_all(work *at)
{
    double elements = 0;
    for (size_t i = 0; i < at->chosen_count; i++)
        elements += (double)at->chosen[i]->tensor->element_count;
    int code = cli_session_start(at->session, 2 * elements);
    for (size_t i = 0; i < at->chosen_count && code == CLI_GOOD; i++)
        code = measure_pair(at, at->chosen[i]);
    cli_progress_hide();
    return code;
}

/* ---- Output */

static bool has_other_name(const ql_pair *pair)
{
    const ql_text a = pair->tensor->name, b = pair->other->name;
    return a.size != b.size || memcmp(a.data, b.data, a.size) != 0;
}

/* "52 tensors in both (48 by other names), 1 only in A, 3 only in B; 8 with the rows ..." */
static void sum_up(const work *at, char *out, size_t size)
{
    const ql_pairs *pairs = at->pairs;
    size_t moved = 0, renamed = 0;
    char others[48] = "", rows[96] = "";
    for (size_t i = 0; i < pairs->count; i++) {
        moved += pairs->pairs[i].head_rows || pairs->pairs[i].other_head_rows;
        renamed += has_other_name(&pairs->pairs[i]);
    }
    if (renamed)
        snprintf(others, sizeof others, " (%zu by other names)", renamed);
    if (moved)
        snprintf(rows, sizeof rows, "; %zu whose rows llama.cpp moves, compared in their places", moved);
    snprintf(out, size, "%zu tensor%s in both%s, %zu only in A, %zu only in B%s", pairs->count, pairs->count == 1 ? "" : "s",
             others, pairs->only_in_first_count, pairs->only_in_other_count, rows);
}

static void tell(const work *at, bool card)
{
    const cli_session *session = at->session;
    const sheet_names names[] = {
        { "only_in_file", at->pairs->only_in_first, at->pairs->only_in_first_count },
        { "only_in_other", at->pairs->only_in_other, at->pairs->only_in_other_count },
    };
    char above[800], below[256];
    snprintf(above, sizeof above, "%s (B) against %s (A)%s%s", cli_shown(at->other_path), cli_shown(session->path),
             card ? ": " : "", card ? cli_shown_text(at->chosen[0]->tensor->name) : "");
    sum_up(at, below, sizeof below);
    const sheet_document document = {
        .list = "results",
        .file = session->path,
        .other = at->other_path,
        .above = above,
        .below = below,
        .cards = card,
        .table = &at->table,
        .names = names,
        .names_count = sizeof names / sizeof names[0],
    };
    cli_session_write(session, &document);
    if ((cli_is_given(session->arguments, CLI_CSV) || cli_is_given(session->arguments, CLI_MD)) && !session->quiet)
        cli_complain("%s", below);
}

static int run(cli_session *session)
{
    work at = { .session = session };
    int code = cli_checks_parse(session->arguments, &at.checks);
    if (code == CLI_GOOD)
        code = cli_checks_need_no_codes(&at.checks);
    if (code == CLI_GOOD)
        code = cli_session_open(session);
    if (code == CLI_GOOD)
        code = cli_session_choose_given(session);
    if (code == CLI_GOOD)
        code = open_other(&at);
    if (code == CLI_GOOD)
        code = choose_pairs(&at);
    const bool card = at.chosen_count == 1 && cli_session_is_human(session) && cli_is_given(session->arguments, CLI_TENSOR);
    describe_columns(at.columns, card);
    at.table = sheet_table_over(at.columns, COLUMN_COUNT);
    if (code == CLI_GOOD)
        code = measure_all(&at);
    if (code == CLI_GOOD) {
        tell(&at, card);
        code = cli_checks_exit_code(&at.checks);
    }
    sheet_table_free(&at.table);
    cli_checks_free(&at.checks);
    free(at.chosen);
    ql_pairs_free(&at.pairs);
    ql_model_free(&at.other);
    return code;
}

const cli_command cli_command_diff = {
    .name = "diff",
    .usage = "A B [-t NAME ...] [--fail-on CHECK]",
    .summary = "measure tensors of file B against the same ones of A: what a conversion or quantization lost",
    .details = "Tensors are the same by name, or by a name that is known to mean the same: GGUF, Hugging Face and\n"
               "Meta name the tensors of Llama- and GPT-2-style models differently. Matrices that one file stores\n"
               "transposed, and rows of Q and K that llama.cpp moves, are compared in their places. -t names tensors\n"
               "of A. --raw and --layout speak of A, and --layout of B, too, when it is of the same format.",
    .example = "qloupe diff model.safetensors model-q4_k_m.gguf\n"
               "qloupe diff model.safetensors model-q8_0.gguf -t '*attn*' --fail-on 'sqnr_db<40'",
    .options = CLI_TABLES | CLI_COMPUTES | CLI_HAS(CLI_FAIL_ON),
    .least_operands = 2,
    .most_operands = 2,
    .run = run,
};
