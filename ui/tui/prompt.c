/* The command line while it is typed. */
#include "tui/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/near.h"
#include "tui/keys.h"

enum { MOST_NAMES = 128 };

/* What can stand first: the commands that take a word, then what keys do, each name once. */
typedef struct names {
    size_t count;
    struct {
        tui_entry entry;
        char text[TUI_ENTRY_NAME];
    } at[MOST_NAMES];
} names;

static bool has(const names *all, const char *text)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->at[i].text, text) == 0)
            return true;
    return false;
}

static void list_names(names *all)
{
    tui_entry entry;
    all->count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; tui_keys_at(i, &entry) && all->count < MOST_NAMES; i++) {
            char text[TUI_ENTRY_NAME];
            tui_entry_name(&entry, text);
            if ((pass == 0) != (entry.command != NULL) || !*text || has(all, text))
                continue;
            all->at[all->count].entry = entry;
            snprintf(all->at[all->count++].text, TUI_ENTRY_NAME, "%s", text);
        }
}

static ql_text name_at(const void *context, size_t index)
{
    return ql_text_from(((const names *)context)->at[index].text);
}

/* "open  FILE " is the name "open" and the argument "FILE". */
static void split(const char *text, char name[TUI_ENTRY_NAME], char argument[TUI_LINE_BYTES])
{
    text += strspn(text, " :");
    const size_t size = strcspn(text, " ");
    snprintf(name, TUI_ENTRY_NAME, "%.*s", (int)size, text);
    text += size + strspn(text + size, " ");
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == ' ')
        end--;
    snprintf(argument, TUI_LINE_BYTES, "%.*s", (int)end, text);
}

/* The entry of that name, or the only one that begins with it; NULL with a message. */
static const tui_entry *find(tui_app *app, const names *all, const char *name)
{
    const tui_entry *found = NULL;
    char several[256] = "", shown[256];
    size_t used = 0, count = 0, near;
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->at[i].text, name) == 0)
            return &all->at[i].entry;
        if (strncmp(all->at[i].text, name, strlen(name)) != 0)
            continue;
        found = &all->at[i].entry;
        if (used < sizeof several)
            used += (size_t)snprintf(several + used, sizeof several - used, "%s:%s", count++ ? " " : "", all->at[i].text);
    }
    if (count == 1)
        return found;
    ql_text_print(shown, sizeof shown, ql_text_from(name), 40);
    if (count > 1)
        tui_document_say(&app->document, true, ":%s may be %s", shown, several);
    else if (text_near(name, name_at, all, all->count, &near, 1) > 0)
        tui_document_say(&app->document, true, "there is no :%s; did you mean :%s?", shown, all->at[near].text);
    else
        tui_document_say(&app->document, true, "there is no :%s; Tab shows what there is", shown);
    return NULL;
}

/* Keeps a line in the history, once. */
static void remember(tui_prompt *prompt, const char *text)
{
    if (prompt->count > 0 && strcmp(prompt->history[prompt->count - 1], text) == 0)
        return;
    if (prompt->count == TUI_PROMPT_HISTORY) {
        memmove(prompt->history, prompt->history + 1, sizeof prompt->history - sizeof prompt->history[0]);
        prompt->count--;
    }
    snprintf(prompt->history[prompt->count++], TUI_LINE_BYTES, "%s", text);
}

void tui_prompt_open(tui_app *app, const char *text)
{
    app->context = TUI_IN_COMMAND;
    app->prompt.at = app->prompt.count;
    tui_line_set(&app->line, text);
    tui_prompt_changed(app);
}

void tui_prompt_changed(tui_app *app)
{
    app->prompt.candidates.count = 0;
}

void tui_prompt_run(tui_app *app)
{
    char text[TUI_LINE_BYTES], name[TUI_ENTRY_NAME], argument[TUI_LINE_BYTES];
    names all;
    tui_line_get(&app->line, text);
    split(text, name, argument);
    if (!*name)
        return;
    remember(&app->prompt, text);
    list_names(&all);
    const tui_entry *entry = find(app, &all, name);
    if (!entry)
        return;
    if (entry->command)
        entry->command->run(app, argument);
    else if (*argument)
        tui_document_say(&app->document, true, ":%s takes nothing behind it", name);
    else
        tui_keys_run(app, entry);
}

void tui_prompt_recall(tui_app *app, int direction)
{
    tui_prompt *prompt = &app->prompt;
    if (direction < 0 ? prompt->at == 0 : prompt->at == prompt->count)
        return;
    if (prompt->at == prompt->count)
        tui_line_get(&app->line, prompt->draft);
    prompt->at = direction < 0 ? prompt->at - 1 : prompt->at + 1;
    tui_line_set(&app->line, prompt->at == prompt->count ? prompt->draft : prompt->history[prompt->at]);
    tui_prompt_changed(app);
}

/* ---- Completion ------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Fills the candidates of the last word of `text`; returns where that begins. */
static size_t list_candidates(tui_app *app, const char *text)
{
    tui_candidates *out = &app->prompt.candidates;
    names all;
    const size_t begin = strspn(text, " :"), size = strcspn(text + begin, " ");
    out->count = 0;
    list_names(&all);
    if (!text[begin + size]) {
        for (size_t i = 0; i < all.count && out->count < TUI_CANDIDATES; i++)
            if (strncmp(all.at[i].text, text + begin, size) == 0)
                snprintf(out->texts[out->count++], TUI_CANDIDATE_SIZE, "%s%s", all.at[i].text,
                         all.at[i].entry.command ? " " : "");
        return begin;
    }
    const size_t word = begin + size + strspn(text + begin + size, " ");
    for (size_t i = 0; i < all.count; i++)
        if (all.at[i].entry.command && strlen(all.at[i].text) == size && strncmp(all.at[i].text, text + begin, size) == 0)
            all.at[i].entry.command->complete(app, text + word, out);
    qsort(out->texts, out->count, sizeof out->texts[0], compare);
    return word;
}

/* How many bytes all candidates share; whole characters. */
static size_t shared(const tui_candidates *candidates)
{
    const char *first = candidates->texts[0];
    size_t size = strlen(first);
    for (size_t i = 1; i < candidates->count; i++)
        for (size_t at = 0; at < size; at++)
            if (candidates->texts[i][at] != first[at])
                size = at;
    while (size > 0 && ((unsigned char)first[size] & 0xC0) == 0x80)
        size--;
    return size;
}

static void put(tui_app *app, const char *word, size_t size)
{
    char text[2 * TUI_LINE_BYTES];
    snprintf(text, sizeof text, "%s%.*s", app->prompt.stem, (int)size, word);
    tui_line_set(&app->line, text);
}

void tui_prompt_complete(tui_app *app, int direction)
{
    tui_prompt *prompt = &app->prompt;
    tui_candidates *candidates = &prompt->candidates;
    if (candidates->count == 0) {
        char text[TUI_LINE_BYTES];
        tui_line_get(&app->line, text);
        const size_t word = list_candidates(app, text);
        snprintf(prompt->stem, sizeof prompt->stem, "%.*s", (int)word, text);
        prompt->candidate = candidates->count;
        if (candidates->count == 0)
            return;
        const size_t size = shared(candidates);
        if (size > strlen(text + word)) {
            put(app, candidates->texts[0], size);
            if (candidates->count == 1)
                candidates->count = 0; /* done: the next Tab is about what follows */
            return;
        }
    }
    const size_t none = candidates->count;
    if (direction > 0)
        prompt->candidate = prompt->candidate + 1 < none ? prompt->candidate + 1 : 0;
    else
        prompt->candidate = prompt->candidate > 0 && prompt->candidate < none ? prompt->candidate - 1 : none - 1;
    put(app, candidates->texts[prompt->candidate], TUI_CANDIDATE_SIZE);
}

/* ---- What could be typed --------------------------------------------------------------------------------------- */

/* What the name in the line does, when there is such a name. */
static bool draw_meaning(tui_app *app, tui_rect rect, const char *name)
{
    names all;
    list_names(&all);
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.at[i].text, name) == 0) {
            char text[512];
            snprintf(text, sizeof text, ":%s %s", name, tui_entry_help(&all.at[i].entry));
            tui_canvas_wrap(&app->canvas, rect, TUI_FADED, text);
            return true;
        }
    return false;
}

void tui_prompt_draw(tui_app *app, tui_rect rect)
{
    const tui_prompt *prompt = &app->prompt;
    char text[TUI_LINE_BYTES], name[TUI_ENTRY_NAME], argument[TUI_LINE_BYTES], list[4096];
    size_t used = 0;
    tui_line_get(&app->line, text);
    split(text, name, argument);
    list[0] = 0;
    if (prompt->candidates.count > 0) {
        const size_t first = prompt->candidate < prompt->candidates.count ? prompt->candidate : 0;
        for (size_t i = first; i < prompt->candidates.count && used < sizeof list; i++)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s  ", prompt->candidates.texts[i]);
    } else if (!draw_meaning(app, rect, name)) {
        names all;
        list_names(&all);
        for (size_t i = 0; i < all.count && used < sizeof list; i++)
            if (strncmp(all.at[i].text, name, strlen(name)) == 0)
                used += (size_t)snprintf(list + used, sizeof list - used, "%s  ", all.at[i].text);
    }
    tui_canvas_wrap(&app->canvas, rect, TUI_FADED, list);
}
