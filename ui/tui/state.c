/* The state file. */
#include "tui/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/theme.h"
#include "tui/xdg.h"

#define FIRST_LINE "qloupe-state 1"

static bool find_place(char out[PATH_MAX])
{
    return tui_xdg_place("XDG_STATE_HOME", ".local/state", "state", out);
}

static void free_known(tui_known *known)
{
    free(known->path);
    free(known->tensor);
    free(known->spec);
    for (size_t i = 0; i < known->pin_count; i++)
        free(known->pins[i]);
    *known = (tui_known) { 0 };
}

void tui_state_free(tui_state *state)
{
    for (size_t i = 0; i < state->count; i++)
        free_known(&state->files[i]);
    *state = (tui_state) { 0 };
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

/* Takes out %XX in place; false when one is none, or a zero. */
static bool decode(char *text)
{
    char *out = text;
    for (const char *c = text; *c; c++) {
        unsigned value = (unsigned char)*c;
        if (value < 0x20 || value == 0x7f)
            return false;
        if (*c == '%') {
            char hex[3] = { c[1], c[1] ? c[2] : 0, 0 }, *end;
            if (!strchr("0123456789ABCDEF", hex[0]) || !hex[0])
                return false;
            value = (unsigned)strtoul(hex, &end, 16);
            if (end != hex + 2 || value == 0)
                return false;
            c += 2;
        }
        *out++ = (char)value;
    }
    *out = 0;
    return true;
}

/* The value of a line "NAME VALUE", decoded; NULL when the line is another one. */
static char *value_of(char *line, const char *name)
{
    const size_t size = strlen(name);
    const bool is_it = strncmp(line, name, size) == 0 && line[size] == ' ';
    return is_it && decode(line + size + 1) ? line + size + 1 : NULL;
}

static bool take_theme(tui_state *state, char *line)
{
    const char *value = value_of(line, "theme"), *name;
    for (size_t i = 0; value && (name = tui_theme_name(i)) != NULL; i++)
        if (strcmp(name, value) == 0) {
            state->theme = i;
            return true;
        }
    return false;
}

static bool take_path(tui_known *known, const char *value)
{
    return *value == '/' && (known->path = strdup(value)) != NULL;
}

static bool take_tensor(tui_known *known, const char *value)
{
    return (known->tensor = strdup(value)) != NULL;
}

static bool take_spec(tui_known *known, const char *value)
{
    ql_spec spec;
    ql_error error;
    return ql_spec_parse(value, &spec, &error) == QL_OK && (known->spec = strdup(value)) != NULL;
}

static bool take_pins(tui_known *known, const char *value)
{
    char rest;
    return sscanf(value, "%1zu %1zu%c", &known->pin_at, &known->baseline, &rest) == 2;
}

static bool take_pin(tui_known *known, const char *value)
{
    ql_spec spec;
    ql_error error;
    if (known->pin_count == TUI_STATE_PINS || ql_spec_parse(value, &spec, &error) != QL_OK)
        return false;
    known->pins[known->pin_count] = strdup(value);
    return known->pins[known->pin_count++] != NULL;
}

/* The lines of a file, and after which they may come. */
typedef enum line_kind { THEME, PATH, TENSOR, SPEC, PINS, PIN, KIND_COUNT } line_kind;
#define AFTER(kind) (1u << (kind))
static const struct {
    const char *name;
    unsigned after;
    bool (*take)(tui_known *known, const char *value);
} kinds[KIND_COUNT] = {
    [PATH] = { "file", AFTER(THEME) | AFTER(SPEC) | AFTER(PIN), take_path },
    [TENSOR] = { "tensor", AFTER(PATH), take_tensor },
    [SPEC] = { "spec", AFTER(TENSOR), take_spec },
    [PINS] = { "pins", AFTER(SPEC), take_pins },
    [PIN] = { "pin", AFTER(PINS) | AFTER(PIN), take_pin },
};

/* Nothing is missing behind a line of that kind. */
static bool is_whole(const tui_state *state, line_kind last)
{
    const tui_known *known = state->count > 0 ? &state->files[state->count - 1] : NULL;
    if (last != PIN)
        return last == THEME || last == SPEC;
    return known->pin_count >= 2 && known->pin_at < known->pin_count && known->baseline < known->pin_count &&
           strcmp(known->pins[known->pin_at], known->spec) == 0;
}

/* A line behind one of kind *last, which it becomes. */
static bool take_line(tui_state *state, line_kind *last, char *line)
{
    for (line_kind kind = PATH; kind < KIND_COUNT; kind++) {
        if (!(kinds[kind].after & AFTER(*last)))
            continue;
        const char *value = value_of(line, kinds[kind].name);
        if (!value)
            continue;
        if (kind == PATH && (!is_whole(state, *last) || state->count++ == TUI_STATE_FILES))
            return false;
        *last = kind;
        return kinds[kind].take(&state->files[state->count - 1], value);
    }
    return false;
}

/* Returns the number of the first line that is wrong, from 1; 0 when all is well. */
static size_t parse(tui_state *state, char *bytes, size_t size)
{
    size_t number = 0;
    line_kind last = THEME;
    for (char *line = bytes; line < bytes + size; number++) {
        char *end = memchr(line, '\n', (size_t)(bytes + size - line));
        if (!end || memchr(line, 0, (size_t)(end - line)))
            return number + 1;
        *end = 0;
        if (number == 0   ? strcmp(line, FIRST_LINE) != 0
            : number == 1 ? !take_theme(state, line)
                          : !take_line(state, &last, line))
            return number + 1;
        line = end + 1;
    }
    return number >= 2 && is_whole(state, last) ? 0 : number + 1;
}

ql_status tui_state_load(tui_state *out, ql_error *error)
{
    char place[PATH_MAX], shown[256];
    size_t size;
    *out = (tui_state) { 0 };
    out->is_used = find_place(place);
    if (!out->is_used)
        return QL_OK;
    char *bytes = tui_xdg_read(place, &size);
    if (!bytes && errno == ENOENT)
        return QL_OK;
    const size_t wrong = bytes ? parse(out, bytes, size) : 0;
    if (bytes && wrong == 0) {
        free(bytes);
        return QL_OK;
    }
    ql_text_print(shown, sizeof shown, ql_text_from(place), 100);
    if (wrong > 0)
        snprintf(error->message, sizeof error->message, "%s is damaged in line %zu: nothing is remembered", shown, wrong);
    else
        snprintf(error->message, sizeof error->message, "%s: %s: nothing is remembered", shown, strerror(errno));
    free(bytes);
    tui_state_free(out);
    out->is_used = true;
    return error->status = QL_BAD_FILE;
}

/* ---- Keeping --------------------------------------------------------------------------------------------------- */

const tui_known *tui_state_find(const tui_state *state, const char *path)
{
    char *whole = state->count > 0 ? realpath(path, NULL) : NULL;
    const tui_known *found = NULL;
    for (size_t i = 0; whole && i < state->count && !found; i++)
        if (strcmp(state->files[i].path, whole) == 0)
            found = &state->files[i];
    free(whole);
    return found;
}

/* Owned copies; false when something cannot be kept. */
static bool copy_place(tui_known *out, const tui_place *place)
{
    *out = (tui_known) { .path = realpath(place->path, NULL),
                         .tensor = strndup(place->tensor.data, place->tensor.size),
                         .spec = strdup(place->spec),
                         .pin_at = place->pin_at,
                         .baseline = place->baseline };
    bool is_whole_copy = out->path && out->tensor && out->spec;
    for (; out->pin_count < place->pin_count; out->pin_count++) {
        ql_spec spec;
        ql_error error;
        out->pins[out->pin_count] = strdup(place->pins[out->pin_count]);
        is_whole_copy &= out->pins[out->pin_count] && ql_spec_parse(place->pins[out->pin_count], &spec, &error) == QL_OK;
    }
    return is_whole_copy;
}

void tui_state_note(tui_state *state, const tui_place *place)
{
    ql_spec whole;
    ql_error error;
    tui_known known;
    if (!state->is_used || ql_spec_parse(place->spec, &whole, &error) != QL_OK)
        return;
    if (!copy_place(&known, place)) {
        free_known(&known);
        return;
    }
    const tui_known *old = tui_state_find(state, place->path);
    size_t at = old ? (size_t)(old - state->files) : state->count < TUI_STATE_FILES ? state->count++ : TUI_STATE_FILES - 1;
    free_known(&state->files[at]);
    memmove(state->files + 1, state->files, at * sizeof state->files[0]);
    state->files[0] = known;
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

static ql_status write_line(ql_outfile *file, const char *name, const char *value, ql_error *error)
{
    ql_status status = ql_outfile_write(file, name, strlen(name), error);
    if (status == QL_OK)
        status = ql_outfile_write(file, " ", 1, error);
    for (const char *c = value; *c && status == QL_OK; c++) {
        char code[4] = { *c };
        size_t size = 1;
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '%')
            size = (size_t)snprintf(code, sizeof code, "%%%02X", (unsigned)(unsigned char)*c);
        status = ql_outfile_write(file, code, size, error);
    }
    return status == QL_OK ? ql_outfile_write(file, "\n", 1, error) : status;
}

static ql_status write_known(ql_outfile *file, const tui_known *known, ql_error *error)
{
    char pins[64];
    snprintf(pins, sizeof pins, "%zu %zu", known->pin_at, known->baseline);
    ql_status status = write_line(file, "file", known->path, error);
    if (status == QL_OK)
        status = write_line(file, "tensor", known->tensor, error);
    if (status == QL_OK)
        status = write_line(file, "spec", known->spec, error);
    if (status == QL_OK && known->pin_count > 0)
        status = write_line(file, "pins", pins, error);
    for (size_t i = 0; i < known->pin_count && status == QL_OK; i++)
        status = write_line(file, "pin", known->pins[i], error);
    return status;
}

ql_status tui_state_save(const tui_state *state, ql_error *error)
{
    char place[PATH_MAX];
    ql_outfile *file;
    if (!state->is_used || !find_place(place))
        return QL_OK;
    tui_xdg_make_folders(place);
    ql_status status = ql_outfile_open(place, &file, error);
    if (status != QL_OK)
        return status;
    status = ql_outfile_write(file, FIRST_LINE "\n", strlen(FIRST_LINE "\n"), error);
    if (status == QL_OK)
        status = write_line(file, "theme", tui_theme_name(state->theme), error);
    for (size_t i = 0; i < state->count && status == QL_OK; i++)
        status = write_known(file, &state->files[i], error);
    if (status == QL_OK)
        return ql_outfile_commit(&file, error);
    ql_outfile_discard(&file);
    return status;
}
