/* Many command lines of `qloupe matmul`: see matmul.h. All lines are looked at before the first product is made. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/matmul.h"
#include "text/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 256 };

/* What a whole batch has, and no line of it; what only its lines have. Threads may stand in both: a line's own count. */
static const cli_option OF_BATCH[] = { CLI_BATCH, CLI_FAIL_ON, CLI_JSON,  CLI_CSV,      CLI_MD,   CLI_ISA,
                                       CLI_COLOR, CLI_ASCII,   CLI_QUIET, CLI_NO_STATE, CLI_HELP, CLI_VERSION };
static const cli_option OF_LINES[] = { CLI_TENSOR, CLI_X,    CLI_METHOD,           CLI_SHAPE,         CLI_PRESET, CLI_M,
                                       CLI_RUNS,   CLI_SEED, CLI_OUTLIER_CHANNELS, CLI_OUTLIER_SCALE, CLI_SWEEP,  CLI_RAW,
                                       CLI_LAYOUT };

typedef struct batch_line {
    size_t number; /* in the file, from 1 */
    char *text;    /* owned: the words are in it */
    cli_arguments arguments;
} batch_line;

typedef struct batch {
    const char *path;
    char threads[32];  /* "--threads=N" that stands beside it; "" for none */
    batch_line *lines; /* [count] those that say something */
    size_t count, capacity;
    double parts; /* products and methods of all */
} batch;

/* Says so when one of the options is given. */
static int complain_given(const cli_arguments *arguments, const cli_option *options, size_t count, const char *where)
{
    for (size_t i = 0; i < count; i++)
        if (cli_is_given(arguments, options[i]))
            return cli_complain("--%s stands %s", cli_option_describe(options[i])->name, where);
    return CLI_GOOD;
}

/* ---- Words */

/* The next word of a line, in place: quotes of either kind keep blanks. NULL at the end, and at a comment; *quote is then not 0
   where a quote is open. */
static char *next_word(char **at, char *quote)
{
    char *from = *at + strspn(*at, " \t\r"), *to = from, *word = from;
    if (!*from || *from == '#')
        return NULL;
    for (; *from && (*quote || !strchr(" \t\r", *from)); from++) {
        if (*quote ? *from == *quote : *from == '\'' || *from == '"')
            *quote = *quote ? 0 : *from;
        else
            *to++ = *from;
    }
    *at = from + (*from != 0);
    *to = 0;
    return word;
}

/* Options and operands of line->text; a line without words has no command. */
static int parse_words(batch *all, batch_line *line, size_t size)
{
    char *words[MOST_WORDS + 4] = { (char[]) { "qloupe" }, (char[]) { "matmul" } }, *at = line->text, quote = 0;
    int first = 2;
    if (*all->threads)
        words[first++] = all->threads;
    int count = first;
    if (strlen(line->text) != size)
        return cli_complain("a zero byte in the line; it is no text");
    for (char *word; (word = next_word(&at, &quote)) != NULL;) {
        if (count == first + MOST_WORDS)
            return cli_complain("more than %d words", MOST_WORDS);
        words[count++] = word;
    }
    if (quote)
        return cli_complain("a quote %c is not closed", quote);
    if (count == first)
        return CLI_GOOD;
    if (!cli_arguments_parse(count, words, &line->arguments))
        return CLI_BAD;
    return complain_given(&line->arguments, OF_BATCH, sizeof OF_BATCH / sizeof *OF_BATCH,
                          "beside --batch, not in a line of it");
}

/* ---- Lines */

/* "FILE: line 3" before every message about it. */
static void say_where(const batch *all, const batch_line *line)
{
    char place[700];
    snprintf(place, sizeof place, "%s: line %zu", cli_shown(all->path), line->number);
    cli_complain_about(place);
}

/* Opens what the line names and lets it go again. */
static int check_line(batch *all, const batch_line *line)
{
    cli_session session;
    cli_plan plan;
    unsigned threads;
    cli_session_begin(&session, &line->arguments);
    session.quiet = true;
    int code = cli_threads_given(&line->arguments, &threads);
    if (code == CLI_GOOD) {
        code = cli_plan_make(&session, NULL, &plan);
        all->parts += cli_plan_parts(&plan);
        cli_plan_free(&plan);
    }
    cli_session_end(&session);
    return code;
}

static int add_line(batch *all, const char *text, size_t size, size_t number)
{
    all->lines = text_grow(all->lines, &all->capacity, all->count + 1, sizeof *all->lines);
    batch_line *line = &all->lines[all->count++];
    *line = (batch_line) { .number = number, .text = text_allocate(size + 1, 1) };
    memcpy(line->text, text, size);
    say_where(all, line);
    int code = parse_words(all, line, size);
    if (code == CLI_GOOD && !line->arguments.command) { /* blanks or a comment */
        free(line->text);
        all->count--;
    } else if (code == CLI_GOOD) {
        code = check_line(all, line);
    }
    cli_complain_about(NULL);
    return code;
}

static int read_lines(batch *all)
{
    FILE *file = fopen(all->path, "r");
    char *text = NULL;
    size_t capacity = 0, number = 0;
    if (!file)
        return cli_complain("%s: %s", cli_shown(all->path), strerror(errno));
    int code = CLI_GOOD;
    errno = 0;
    for (ssize_t size; code == CLI_GOOD && (size = getline(&text, &capacity, file)) >= 0;) {
        size -= size > 0 && text[size - 1] == '\n';
        code = add_line(all, text, (size_t)size, ++number);
        errno = 0;
    }
    if (code == CLI_GOOD && ferror(file))
        code = cli_complain("%s: %s", cli_shown(all->path), strerror(errno));
    else if (code == CLI_GOOD && all->count == 0)
        code = cli_complain("%s: no lines: nothing to do", cli_shown(all->path));
    free(text);
    fclose(file);
    return code;
}

static int run_line(cli_products *out, batch *all, size_t index, bool is_quiet, cli_progress *progress)
{
    const batch_line *line = &all->lines[index];
    cli_session session;
    cli_plan plan;
    char name[80];
    snprintf(name, sizeof name, "line %zu of %zu", index + 1, all->count);
    say_where(all, line);
    cli_session_begin(&session, &line->arguments);
    session.quiet = is_quiet;
    int code = cli_plan_make(&session, NULL, &plan);
    if (code == CLI_GOOD)
        code = cli_matmul_run(out, &session, &plan, &(cli_turn) { name, progress });
    cli_plan_free(&plan);
    cli_session_end(&session);
    cli_complain_about(NULL);
    return code;
}

/* ---- All */

static int check_beside(const cli_session *session, batch *all)
{
    const cli_arguments *arguments = session->arguments;
    const char *threads = cli_value(arguments, CLI_THREADS);
    unsigned count;
    if (threads)
        snprintf(all->threads, sizeof all->threads, "--threads=%.10s", threads);
    if (arguments->operand_count > 0)
        return cli_complain("%s stands in the lines of --batch", cli_shown(arguments->operands[0]));
    const int code = complain_given(arguments, OF_LINES, sizeof OF_LINES / sizeof *OF_LINES, "in the lines of --batch");
    return code == CLI_GOOD ? cli_threads_given(arguments, &count) : code;
}

int cli_matmul_batch(cli_products *out, const cli_session *session, const char *path)
{
    batch all = { .path = path };
    int code = check_beside(session, &all);
    if (code == CLI_GOOD)
        code = read_lines(&all);
    cli_progress progress = cli_progress_of(all.parts);
    for (size_t i = 0; i < all.count && code == CLI_GOOD; i++)
        code = run_line(out, &all, i, session->quiet, &progress);
    for (size_t i = 0; i < all.count; i++) {
        cli_arguments_free(&all.lines[i].arguments);
        free(all.lines[i].text);
    }
    free(all.lines);
    return code;
}
