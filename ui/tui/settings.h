/*
 * Settings: what `:set NAME=VALUE` changes and the config file says (config.h). A row of the table in settings.c makes the
 * command, its completion, its line in the help and its key in the file.
 */
#ifndef TUI_SETTINGS_H
#define TUI_SETTINGS_H

#include "qloupe.h"

struct tui_app;

enum { TUI_SETTING_VALUE = QL_SPEC_TEXT };

typedef struct tui_setting {
    const char *name;
    const char *help; /* the values, then what they are of */
    /* One of a few words: number `index` of them, NULL at the end, the first the usual one; which it is; another one. */
    const char *(*choice_at)(size_t index);
    size_t (*get)(const struct tui_app *app);
    bool (*choose)(struct tui_app *app, size_t index, ql_error *error);
    /* Or any text, choice_at NULL: the usual one, what it is, and what it becomes. */
    const char *usual;
    void (*print)(const struct tui_app *app, char out[TUI_SETTING_VALUE]);
    bool (*take)(struct tui_app *app, const char *value, ql_error *error);
} tui_setting;

/* In display order; NULL at the end. */
const tui_setting *tui_setting_at(size_t index);

/* Of that name, `size` bytes long; NULL with what there is, or what may have been meant. */
const tui_setting *tui_setting_find(const char *name, size_t size, ql_error *error);

/* What it is now. */
void tui_setting_print(const struct tui_app *app, const tui_setting *setting, char out[TUI_SETTING_VALUE]);
bool tui_setting_is_usual(const struct tui_app *app, const tui_setting *setting);

/* Changes it; choices may be shortened as long as one only begins so. False with what it can be. Before the first file is
   open, too: what concerns files is then kept for it. */
bool tui_setting_take(struct tui_app *app, const tui_setting *setting, const char *value, ql_error *error);

/* "theme=[dark]|light|safe|mono", "threads=all". */
void tui_setting_list(const struct tui_app *app, const tui_setting *setting, char *out, size_t size);

#endif
