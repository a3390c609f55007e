/* The config file. */
#include "tui/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/settings.h"
#include "tui/xdg.h"

static bool find_place(char out[PATH_MAX])
{
    return tui_xdg_place("XDG_CONFIG_HOME", ".config", "config", out);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static ql_text trimmed(const char *begin, const char *end)
{
    while (begin < end && is_space(*begin))
        begin++;
    while (end > begin && is_space(end[-1]))
        end--;
    return (ql_text) { begin, (size_t)(end - begin) };
}

/* A line "NAME = VALUE" taken apart; false when it is empty or a comment. Without = there is no value, data NULL. */
static bool split(const char *begin, const char *end, ql_text *name, ql_text *value)
{
    const ql_text line = trimmed(begin, end);
    if (line.size == 0 || line.data[0] == '#')
        return false;
    const char *stop = line.data + line.size, *equals = memchr(line.data, '=', line.size);
    *name = trimmed(line.data, equals ? equals : stop);
    *value = equals ? trimmed(equals + 1, stop) : (ql_text) { NULL, 0 };
    return true;
}

static const char *line_end(const char *begin, const char *end)
{
    const char *newline = memchr(begin, '\n', (size_t)(end - begin));
    return newline ? newline : end;
}

static bool take(tui_app *app, ql_text name, ql_text value, ql_error *error)
{
    char text[TUI_SETTING_VALUE];
    error->status = QL_BAD_FILE;
    if (!value.data) {
        snprintf(error->message, sizeof error->message, "a line is NAME = VALUE");
        return false;
    }
    const tui_setting *setting = tui_setting_find(name.data, name.size, error);
    if (!setting)
        return false;
    if (value.size >= sizeof text || memchr(value.data, 0, value.size)) {
        snprintf(error->message, sizeof error->message, "%s: %s", setting->name,
                 value.size >= sizeof text ? "the value is too long" : "a zero byte is in the value");
        return false;
    }
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    return tui_setting_take(app, setting, text, error);
}

size_t tui_config_take(tui_app *app, const char *bytes, size_t size, ql_error *error)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin UTF-8 so */
    const char *end = bytes + size, *line = bytes;
    size_t wrong = 0;
    if (size >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0)
        line += strlen(mark);
    for (size_t number = 1; line < end; number++) {
        const char *stop = line_end(line, end);
        ql_text name, value;
        ql_error reason;
        if (split(line, stop, &name, &value) && !take(app, name, value, &reason) && wrong++ == 0) {
            error->status = QL_BAD_FILE;
            snprintf(error->message, sizeof error->message, "%zu: %.*s", number, (int)sizeof error->message - 24,
                     reason.message);
        }
        line = stop < end ? stop + 1 : end;
    }
    return wrong;
}

/* "PLACE:", printable, before what the error says. */
static ql_status name_place(const char *place, size_t more, ql_error *error)
{
    char shown[256], behind[64] = "";
    ql_error whole = { .status = QL_BAD_FILE };
    ql_text_print(shown, sizeof shown, ql_text_from(place), 100);
    if (more > 0)
        snprintf(behind, sizeof behind, "; %zu more line%s make%s no sense", more, more == 1 ? "" : "s",
                 more == 1 ? "s" : "");
    snprintf(whole.message, sizeof whole.message, "%s:%.*s%s", shown,
             (int)(sizeof whole.message - sizeof shown - sizeof behind), error->message, behind);
    *error = whole;
    return error->status;
}

ql_status tui_config_load(tui_app *app, ql_error *error)
{
    char place[PATH_MAX];
    size_t size;
    if (!find_place(place))
        return QL_OK;
    char *bytes = tui_xdg_read(place, &size);
    if (!bytes && (errno == ENOENT || errno == ENOTDIR))
        return QL_OK;
    if (!bytes)
        snprintf(error->message, sizeof error->message, " %s", strerror(errno));
    const size_t wrong = bytes ? tui_config_take(app, bytes, size, error) : 1;
    free(bytes);
    return wrong > 0 ? name_place(place, wrong - 1, error) : QL_OK;
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

/* The setting that a line is of; NULL: it is something else. */
static const tui_setting *setting_of(const char *line, const char *end)
{
    ql_text name, value;
    ql_error error;
    return split(line, end, &name, &value) && value.data ? tui_setting_find(name.data, name.size, &error) : NULL;
}

static ql_status write_setting(const tui_app *app, const tui_setting *setting, ql_outfile *file, ql_error *error)
{
    char value[TUI_SETTING_VALUE], line[TUI_SETTING_VALUE + 64];
    tui_setting_print(app, setting, value);
    const int size = snprintf(line, sizeof line, "%s = %s\n", setting->name, value);
    return ql_outfile_write(file, line, (size_t)size, error);
}

static ql_status write_lines(const tui_app *app, const char *old, size_t size, ql_outfile *file, ql_error *error)
{
    const char *end = old + size;
    ql_status status = QL_OK;
    unsigned written = 0; /* bits: settings by their index */
    for (const char *line = old; line < end && status == QL_OK;) {
        const char *stop = line_end(line, end);
        const tui_setting *setting = setting_of(line, stop);
        if (setting) {
            status = write_setting(app, setting, file, error);
            written |= 1u << (setting - tui_setting_at(0));
        } else {
            status = ql_outfile_write(file, line, (size_t)(stop - line), error);
            if (status == QL_OK)
                status = ql_outfile_write(file, "\n", 1, error);
        }
        line = stop < end ? stop + 1 : end;
    }
    for (unsigned i = 0; tui_setting_at(i) && status == QL_OK; i++)
        if (!(written & 1u << i) && !tui_setting_is_usual(app, tui_setting_at(i)))
            status = write_setting(app, tui_setting_at(i), file, error);
    return status;
}

ql_status tui_config_save(const tui_app *app, char *place, ql_error *error)
{
    size_t size = 0;
    ql_outfile *file;
    if (!find_place(place)) {
        snprintf(error->message, sizeof error->message, "neither XDG_CONFIG_HOME nor HOME says where the config file is");
        return error->status = QL_BAD_USAGE;
    }
    char *old = tui_xdg_read(place, &size);
    if (!old && errno != ENOENT) {
        snprintf(error->message, sizeof error->message, " %s", strerror(errno));
        return name_place(place, 0, error);
    }
    tui_xdg_make_folders(place);
    ql_status status = ql_outfile_open(place, &file, error);
    if (status == QL_OK) {
        status = write_lines(app, old, size, file, error);
        status = status == QL_OK ? ql_outfile_commit(&file, error) : status;
        ql_outfile_discard(&file);
    }
    free(old);
    return status;
}
