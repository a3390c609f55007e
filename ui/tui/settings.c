/* The table of settings. */
#include "tui/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/near.h"
#include "text/plain.h"
#include "tui/app.h"
#include "tui/terminal.h"

static bool fail(ql_error *error, const char *message)
{
    error->status = QL_BAD_USAGE;
    snprintf(error->message, sizeof error->message, "%s", message);
    return false;
}

static const char *on_at(size_t index)
{
    static const char *const names[] = { "on", "off" };
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

/* ---- What is seen ---------------------------------------------------------------------------------------------- */

static size_t get_theme(const tui_app *app)
{
    (void)app;
    return tui_theme_index();
}

static bool choose_theme(tui_app *app, size_t index, ql_error *error)
{
    (void)app;
    (void)error;
    tui_theme_use(index);
    return true;
}

static const char *axis_at(size_t index)
{
    static const char *const names[] = { "log", "linear" };
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

static size_t get_axis(const tui_app *app)
{
    return app->linear;
}

static bool choose_axis(tui_app *app, size_t index, ql_error *error)
{
    (void)error;
    app->linear = index == 1;
    return true;
}

static const char *glyphs_at(size_t index)
{
    static const char *const names[] = { "utf8", "ascii" };
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

static size_t get_glyphs(const tui_app *app)
{
    return app->canvas.ascii;
}

static bool choose_glyphs(tui_app *app, size_t index, ql_error *error)
{
    if (index == 0 && text_ascii())
        return fail(error, "glyphs: the locale, or --ascii, says that only ASCII is shown here");
    app->canvas.ascii = index == 1;
    return true;
}

static size_t get_mouse(const tui_app *app)
{
    return app->no_mouse;
}

static bool choose_mouse(tui_app *app, size_t index, ql_error *error)
{
    (void)error;
    app->no_mouse = index == 1;
    tui_terminal_hear_mouse(!app->no_mouse);
    return true;
}

static size_t get_sort(const tui_app *app)
{
    return (size_t)(app->model ? app->list.column : app->first_sort);
}

static bool choose_sort(tui_app *app, size_t index, ql_error *error)
{
    (void)error;
    app->first_sort = (int)index;
    if (app->model)
        tui_list_sort(&app->list, &app->document.findings, (int)index, false);
    return true;
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

static void print_spec(const tui_app *app, char out[TUI_SETTING_VALUE])
{
    snprintf(out, TUI_SETTING_VALUE, "%s", app->first_spec);
}

static bool take_spec(tui_app *app, const char *value, ql_error *error)
{
    ql_spec spec;
    if (ql_spec_parse(value, &spec, error) != QL_OK)
        return false;
    ql_spec_format(&spec, app->first_spec);
    return true;
}

static void print_x(const tui_app *app, char out[TUI_SETTING_VALUE])
{
    const char *x = app->model ? app->document.inputs->text : NULL, *usual = app->model ? app->options->usual_x : NULL;
    const bool is_set = x && !(usual && strcmp(x, usual) == 0);
    snprintf(out, TUI_SETTING_VALUE, "%s", is_set ? x : app->first_x);
}

static bool take_x(tui_app *app, const char *value, ql_error *error)
{
    (void)error;
    snprintf(app->first_x, sizeof app->first_x, "%s", *value ? value : TUI_INPUTS_USUAL);
    if (app->model)
        tui_document_read_inputs(&app->document, app->first_x);
    return true;
}

#define ALL_THREADS "all"

static void print_threads(const tui_app *app, char out[TUI_SETTING_VALUE])
{
    snprintf(out, TUI_SETTING_VALUE, app->threads ? "%u" : ALL_THREADS, app->threads);
}

static bool take_threads(tui_app *app, const char *value, ql_error *error)
{
    enum { MOST_THREADS = 1024 };
    char *end;
    const unsigned long threads = strtoul(value, &end, 10);
    const bool is_number = *value >= '0' && *value <= '9' && !*end && threads >= 1 && threads <= MOST_THREADS;
    if (!is_number && strcmp(value, ALL_THREADS) != 0)
        return fail(error, "threads: it can be 1 to 1024, or " ALL_THREADS ", one per core");
    app->threads = is_number ? (unsigned)threads : 0;
    return true;
}

static size_t get_state(const tui_app *app)
{
    return app->forgets;
}

static bool choose_state(tui_app *app, size_t index, ql_error *error)
{
    (void)error;
    app->forgets = index == 1;
    return true;
}

/* ---- The table -------------------------------------------------------------------------------------------------- */

static const tui_setting settings[] = {
    { .name = "theme",
      .help = "dark, light, safe or mono: the colours; safe where red and green look alike",
      .choice_at = tui_theme_name,
      .get = get_theme,
      .choose = choose_theme },
    { .name = "axis",
      .help = "log or linear: the axis of counts",
      .choice_at = axis_at,
      .get = get_axis,
      .choose = choose_axis },
    { .name = "glyphs",
      .help = "utf8 or ascii: what lines and bars are drawn with",
      .choice_at = glyphs_at,
      .get = get_glyphs,
      .choose = choose_glyphs },
    { .name = "mouse",
      .help = "on or off: off leaves the mouse to the terminal",
      .choice_at = on_at,
      .get = get_mouse,
      .choose = choose_mouse },
    { .name = "sort",
      .help = "name, sqnr_db, size, kurtosis, any metric: what the list is sorted by",
      .choice_at = tui_column_name,
      .get = get_sort,
      .choose = choose_sort },
    { .name = "spec",
      .help = "a SPEC: what a file starts with that was not seen before",
      .usual = TUI_FIRST_SPEC,
      .print = print_spec,
      .take = take_spec },
    { .name = "x",
      .help = "FILE[:TENSOR], FOLDER or synthetic: activations of products, as :x takes them",
      .usual = TUI_INPUTS_USUAL,
      .print = print_x,
      .take = take_x },
    { .name = "threads",
      .help = "a number, or all for one per core: from the next file on",
      .usual = ALL_THREADS,
      .print = print_threads,
      .take = take_threads },
    { .name = "state",
      .help = "on or off: off forgets tensor, spec and pins of a file at the end",
      .choice_at = on_at,
      .get = get_state,
      .choose = choose_state },
};
enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

const tui_setting *tui_setting_at(size_t index)
{
    return index < SETTING_COUNT ? &settings[index] : NULL;
}

static ql_text name_at(const void *unused, size_t index)
{
    (void)unused;
    return ql_text_from(settings[index].name);
}

const tui_setting *tui_setting_find(const char *name, size_t size, ql_error *error)
{
    enum { SHOWN_CELLS = 40 };
    char word[4 * SHOWN_CELLS + 1], names[128] = "";
    size_t used = 0, near;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strlen(settings[i].name) == size && memcmp(settings[i].name, name, size) == 0)
            return &settings[i];
        used += (size_t)snprintf(names + used, sizeof names - used, " %s", settings[i].name);
    }
    error->status = QL_BAD_USAGE;
    ql_text_print(word, sizeof word, (ql_text) { name, size }, SHOWN_CELLS);
    if (text_near(word, name_at, NULL, SETTING_COUNT, &near, 1) > 0)
        snprintf(error->message, sizeof error->message, "there is no setting '%s'; did you mean %s?", word,
                 settings[near].name);
    else
        snprintf(error->message, sizeof error->message, "there is no setting '%s'; there are%s", word, names);
    return NULL;
}

void tui_setting_print(const tui_app *app, const tui_setting *setting, char out[TUI_SETTING_VALUE])
{
    if (setting->choice_at)
        snprintf(out, TUI_SETTING_VALUE, "%s", setting->choice_at(setting->get(app)));
    else
        setting->print(app, out);
}

bool tui_setting_is_usual(const tui_app *app, const tui_setting *setting)
{
    char value[TUI_SETTING_VALUE];
    tui_setting_print(app, setting, value);
    return strcmp(value, setting->choice_at ? setting->choice_at(0) : setting->usual) == 0;
}

/* The only choice that begins with `value`, or is it; the number of choices when there is none. */
static size_t find_choice(const tui_setting *setting, const char *value, size_t *count)
{
    const size_t size = strlen(value);
    size_t found = 0, matches = 0;
    const char *name;
    bool is_whole = false;
    for (*count = 0; (name = setting->choice_at(*count)) != NULL; ++*count) {
        if (is_whole || size == 0 || strncmp(name, value, size) != 0)
            continue;
        is_whole = !name[size];
        matches = is_whole ? 1 : matches + 1;
        found = *count;
    }
    return matches == 1 ? found : *count;
}

bool tui_setting_take(tui_app *app, const tui_setting *setting, const char *value, ql_error *error)
{
    size_t count;
    if (!setting->choice_at)
        return setting->take(app, value, error);
    const size_t choice = find_choice(setting, value, &count);
    if (choice < count)
        return setting->choose(app, choice, error);
    char list[400];
    tui_setting_list(app, setting, list, sizeof list);
    error->status = QL_BAD_USAGE;
    snprintf(error->message, sizeof error->message, "it can be %s", list);
    return false;
}

void tui_setting_list(const tui_app *app, const tui_setting *setting, char *out, size_t size)
{
    char value[TUI_SETTING_VALUE];
    size_t used = (size_t)snprintf(out, size, "%s=", setting->name);
    const char *name;
    tui_setting_print(app, setting, value);
    for (size_t i = 0; setting->choice_at && used < size && (name = setting->choice_at(i)) != NULL; i++)
        used += (size_t)snprintf(out + used, size - used, i == setting->get(app) ? "%s[%s]" : "%s%s", i ? "|" : "", name);
    if (!setting->choice_at)
        snprintf(out + used, size - used, "%s", value);
}
