/* The table of commands that take a word, and what the words can be. */
#include "tui/commands.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tui/actions.h"
#include "tui/config.h"
#include "tui/export.h"
#include "tui/file.h"
#include "tui/settings.h"

/* ---- Words ----------------------------------------------------------------------------------------------------- */

/* Takes `text` if it begins with `word`, is whole, and can be typed as it is. */
static void add(tui_candidates *out, const char *word, const char *text)
{
    char shown[4 * TUI_CANDIDATE_SIZE];
    if (out->count == TUI_CANDIDATES || strncmp(text, word, strlen(word)) != 0 || strlen(text) >= TUI_CANDIDATE_SIZE)
        return;
    ql_text_print(shown, sizeof shown, ql_text_from(text), 0);
    if (strcmp(shown, text) == 0)
        snprintf(out->texts[out->count++], TUI_CANDIDATE_SIZE, "%s", text);
}

/* Files and folders; hidden ones when the word asks for them. */
static void complete_file(const tui_app *app, const char *word, tui_candidates *out)
{
    (void)app;
    char folder[TUI_LINE_BYTES], path[2 * TUI_LINE_BYTES];
    const char *slash = strrchr(word, '/'), *name = slash ? slash + 1 : word;
    const int stem = (int)(name - word);
    snprintf(folder, sizeof folder, "%.*s", stem, word);
    DIR *entries = opendir(stem > 0 ? folder : ".");
    if (!entries)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct stat info;
        if (entry->d_name[0] == '.' && name[0] != '.')
            continue;
        snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
        const bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
        snprintf(path, sizeof path, "%s%s%s", folder, entry->d_name, is_folder ? "/" : "");
        add(out, word, path);
    }
    closedir(entries);
}

static void complete_tensor(const tui_app *app, const char *word, tui_candidates *out)
{
    for (size_t i = 0; i < ql_model_tensor_count(app->model); i++) {
        const ql_text name = ql_model_tensor(app->model, app->list.order[i])->name;
        char text[TUI_CANDIDATE_SIZE];
        if (name.size >= sizeof text)
            continue;
        memcpy(text, name.data, name.size);
        text[name.size] = 0;
        if (strlen(text) == name.size)
            add(out, word, text);
    }
}

/* Whether a spec that is being typed has a value for the key. */
static bool gives(const char *spec, size_t mapping_size, const char *key)
{
    const size_t size = strlen(key);
    for (const char *at = spec + mapping_size; *at; at += 1 + strcspn(at + 1, ","))
        if (strncmp(at + 1, key, size) == 0 && at[1 + size] == '=')
            return true;
    return false;
}

/* A mapping, or behind it a key that it takes and that is not there yet. */
static void complete_spec(const tui_app *app, const char *word, tui_candidates *out)
{
    (void)app;
    const size_t mapping_size = strcspn(word, ":");
    const char *comma = strrchr(word, ',');
    const int stem = (int)(comma ? (size_t)(comma - word) : mapping_size) + 1;
    for (size_t i = 0; i < ql_mapping_count(); i++) {
        const ql_mapping *mapping = ql_mapping_at(i);
        const char *name = ql_mapping_describe(mapping)->name;
        if (word[mapping_size] != ':') {
            add(out, word, name);
            continue;
        }
        if (strlen(name) != mapping_size || strncmp(name, word, mapping_size) != 0)
            continue;
        for (int key = 0; key < QL_KEY_COUNT; key++) {
            char values[160], text[2 * TUI_LINE_BYTES];
            const char *key_name = ql_key_describe((ql_key)key)->name;
            if (!ql_mapping_key_values(mapping, (ql_key)key, values) || gives(word, mapping_size, key_name))
                continue;
            snprintf(text, sizeof text, "%.*s%s=", stem, word, key_name);
            add(out, word, text);
        }
    }
}

/* ---- Settings -------------------------------------------------------------------------------------------------- */

static void complete_setting(const tui_app *app, const char *word, tui_candidates *out)
{
    (void)app;
    const tui_setting *setting;
    for (size_t i = 0; (setting = tui_setting_at(i)) != NULL; i++) {
        char text[TUI_CANDIDATE_SIZE];
        const char *choice;
        for (size_t c = 0; setting->choice_at && (choice = setting->choice_at(c)) != NULL; c++) {
            snprintf(text, sizeof text, "%s=%s", setting->name, choice);
            add(out, word, text);
        }
        snprintf(text, sizeof text, "%s=", setting->name);
        if (!setting->choice_at)
            add(out, word, text);
    }
}

/* All of them as they are. */
static void say_settings(tui_app *app)
{
    char text[TUI_MESSAGE_SIZE], value[TUI_SETTING_VALUE];
    size_t used = 0;
    const tui_setting *setting;
    for (size_t i = 0; (setting = tui_setting_at(i)) != NULL && used < sizeof text; i++) {
        tui_setting_print(app, setting, value);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? "  " : "", setting->name, value);
    }
    tui_document_say(&app->document, false, "%s", text);
}

static void set(tui_app *app, const char *argument)
{
    const size_t size = strcspn(argument, "=");
    char list[TUI_MESSAGE_SIZE];
    ql_error error;
    if (!*argument) {
        say_settings(app);
        return;
    }
    const tui_setting *setting = tui_setting_find(argument, size, &error);
    if (!setting || (argument[size] && !tui_setting_take(app, setting, argument + size + 1, &error))) {
        tui_document_say(&app->document, true, "%s", error.message);
    } else if (!argument[size]) {
        tui_setting_list(app, setting, list, sizeof list);
        tui_document_say(&app->document, false, "%s", list);
    }
}

static void complete_nothing(const tui_app *app, const char *word, tui_candidates *out)
{
    (void)app;
    (void)word;
    (void)out;
}

static void write_config(tui_app *app, const char *argument)
{
    char place[PATH_MAX], shown[256];
    ql_error error;
    if (*argument) {
        tui_document_say(&app->document, true, ":write-config takes nothing behind it");
    } else if (app->options->no_state) {
        tui_document_say(&app->document, true, "--no-state: nothing is read or written below the XDG folders");
    } else if (tui_config_save(app, place, &error) != QL_OK) {
        tui_document_say(&app->document, true, "%s", error.message);
    } else {
        ql_text_print(shown, sizeof shown, ql_text_from(place), 100);
        tui_document_say(&app->document, false, "wrote the settings to %s", shown);
    }
}

/* ---- Others ---------------------------------------------------------------------------------------------------- */

static void open_file(tui_app *app, const char *argument)
{
    const tui_known *known = tui_state_find(&app->state, argument);
    const tui_source source = { .path = argument, .layout = QL_LAYOUT_AUTO, .tensor = known ? known->tensor : NULL };
    if (!*argument) {
        tui_document_say(&app->document, true, "open what? a file is missing");
        return;
    }
    tui_opener_abandon(&app->opener);
    app->opener = tui_opener_start(&source);
    char shown[256];
    ql_text_print(shown, sizeof shown, ql_text_from(argument), 100);
    tui_document_say(&app->document, !app->opener, app->opener ? "opening %s" : "no room for a thread to open %s", shown);
}

static void set_spec(tui_app *app, const char *argument)
{
    if (*argument)
        tui_document_type_spec(&app->document, argument);
    else
        tui_act_spec_type(app, 0);
}

/* An exact name, a pattern, or a part of a name. */
static void go_to(tui_app *app, const char *argument)
{
    size_t found;
    char pattern[TUI_LINE_BYTES + 2], shown[256];
    snprintf(pattern, sizeof pattern, "*%s*", argument);
    if (*argument &&
        (ql_model_match(app->model, argument, &found, 1) > 0 || ql_model_match(app->model, pattern, &found, 1) > 0)) {
        tui_document_select(&app->document, found);
        return;
    }
    ql_text_print(shown, sizeof shown, ql_text_from(argument), 100);
    tui_document_say(&app->document, true, *argument ? "no tensor matches '%s'" : "which tensor?%s", shown);
}

static void read_inputs(tui_app *app, const char *argument)
{
    tui_document_read_inputs(&app->document, *argument ? argument : TUI_INPUTS_USUAL);
}

static void write_figure(tui_app *app, const char *argument)
{
    if (*argument)
        tui_export_write(app, argument);
    else
        tui_export_open(app);
}

static const tui_command commands[] = {
    { "open", "FILE", "FILE: open another file in place of this one", open_file, complete_file },
    { "spec", "SPEC", "SPEC: quantize by it, such as zeropoint:per=row", set_spec, complete_spec },
    { "tensor", "NAME", "NAME: go to that tensor; a part of its name or a pattern will do", go_to, complete_tensor },
    { "goto", "ROW,COLUMN", "ROW,COLUMN: look at that weight, counted from 0, wherever weights are shown", tui_go_to_weight,
      complete_nothing },
    { "x", "FILE", "FILE or FOLDER: multiply with these activations; alone: synthetic ones", read_inputs,
      complete_file },
    { "rows", "NUMBER", "NUMBER: multiply so many rows of X in MatMul; nothing: all of them", tui_take_rows,
      complete_nothing },
    { "multiply-threads", "NUMBER", "NUMBER: multiply on so many threads in MatMul; nothing: on those that measure",
      tui_take_threads, complete_nothing },
    { "w", "FILE", "FILE: write a figure (png svg ...), numbers (json csv md) or codes (ends in /)", write_figure,
      complete_file },
    { "set", "NAME=VALUE", "NAME=VALUE: change a setting; NAME: show what it can be; nothing: show all", set,
      complete_setting },
    { "write-config", "", "write the settings as they are now to the config file", write_config, complete_nothing },
};

const tui_command *tui_command_at(size_t index)
{
    return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}
