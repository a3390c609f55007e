/* The table of keys against itself and against the rules: every key once, arrows beside letters, what must always
   work. (What the footer shows of it: test_tui_frame.c.) */
#include "testing.h"

#include <string.h>

#include "tui/keys.h"

enum { CONTEXTS = 16 }; /* bits that tui_context may have */

static bool is_context(unsigned bit)
{
    return (TUI_ANYWHERE & 1u << bit) != 0;
}

/* What the table says of a key in one context; NULL: nothing. */
static const char *meaning_of(unsigned context, tui_key key)
{
    tui_entry entry;
    for (size_t i = 0; tui_keys_at(i, &entry); i++) {
        for (int k = 0; entry.binding && entry.binding->contexts & context && k < 3; k++)
            if (entry.binding->keys[k] == key)
                return entry.binding->help;
        if (entry.view && context & TUI_WATCHING && entry.view->key == key)
            return entry.view->help;
    }
    return NULL;
}

/* Of the contexts that come together, TUI_IN_SUBS go before the others, whose keys they change on purpose. */
static void no_key_has_two_meanings_in_one_context(void **state)
{
    (void)state;
    tui_entry one, other;
    for (size_t i = 0; tui_keys_at(i, &one); i++)
        for (size_t j = i; tui_keys_at(j, &other); j++) {
            if (!one.binding || (!other.binding && !other.view))
                continue;
            const unsigned contexts = other.binding ? other.binding->contexts : TUI_WATCHING;
            for (int k = 0; k < 3 && one.binding->keys[k]; k++)
                for (int l = 0; l < 3; l++) {
                    const tui_key key = other.binding ? other.binding->keys[l] : other.view->key;
                    if (one.binding->keys[k] == key && one.binding->contexts & contexts && (i != j || k != l))
                        fail_msg("%#x is '%s' and '%s' in one context", key, one.binding->help, tui_entry_help(&other));
                }
        }
}

static void every_entry_says_what_it_does(void **state)
{
    (void)state;
    tui_entry entry, other;
    for (size_t i = 0; tui_keys_at(i, &entry); i++) {
        char keys[TUI_ENTRY_KEYS], name[TUI_ENTRY_NAME], other_name[TUI_ENTRY_NAME];
        tui_entry_keys(&entry, keys);
        tui_entry_name(&entry, name);
        assert_true(strlen(tui_entry_help(&entry)) > 3);
        assert_true(keys[0] != 0);
        for (size_t j = 0; j < i && name[0] && tui_keys_at(j, &other); j++) { /* the command line can tell them apart */
            tui_entry_name(&other, other_name);
            if (entry.command && other.binding)
                continue; /* a command says more than a key of its name, and goes before it */
            if (entry.binding && other.binding && entry.binding->keys[0] == other.binding->keys[0])
                continue; /* one key that means the same to several panes */
            assert_string_not_equal(name, other_name);
        }
    }
}

/* Wherever hjkl move, the arrows do the same. */
static void arrows_do_what_hjkl_do(void **state)
{
    (void)state;
    static const struct {
        tui_key letter, arrow;
    } pairs[] = { { 'h', TUI_KEY_LEFT }, { 'j', TUI_KEY_DOWN }, { 'k', TUI_KEY_UP }, { 'l', TUI_KEY_RIGHT } };
    for (unsigned bit = 0; bit < CONTEXTS; bit++)
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && is_context(bit); i++) {
            const char *meaning = meaning_of(1u << bit, pairs[i].letter);
            if (TUI_WATCHING & 1u << bit)
                assert_non_null(meaning);
            if (meaning)
                assert_ptr_equal(meaning, meaning_of(1u << bit, pairs[i].arrow));
        }
}

static void stopping_suspending_redrawing_and_going_back_work_everywhere(void **state)
{
    (void)state;
    static const struct {
        tui_key key;
        const char *says;
    } rows[] = {
        { TUI_CONTROL('c'), "never quits" },
        { TUI_CONTROL('z'), "fg returns" },
        { TUI_CONTROL('l'), "anew" },
        { TUI_KEY_ESC, "back" },
    };
    for (unsigned bit = 0; bit < CONTEXTS; bit++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0] && is_context(bit); i++) {
            const char *meaning = meaning_of(1u << bit, rows[i].key);
            if (1u << bit == TUI_IN_COPY && rows[i].key == TUI_KEY_ESC)
                assert_string_equal(meaning, "after y: copy nothing");
            else if (!meaning || !strstr(meaning, rows[i].says))
                fail_msg("%#x is '%s' in context %u", rows[i].key, meaning ? meaning : "nothing", 1u << bit);
        }
}

/* The letters that the interface promises, in the view or views where they are of use. */
static void letters_mean_what_they_promise(void **state)
{
    (void)state;
    static const struct {
        unsigned context;
        const char *keys, *says;
    } rows[] = {
        { TUI_IN_VIEW, "/", "find" },
        { TUI_IN_VIEW, "&", "filter" },
        { TUI_IN_VIEW, "!", "invert" },
        { TUI_IN_VIEWS, "s", "next scheme" },
        { TUI_IN_VIEWS, "S", "previous scheme" },
        { TUI_IN_VIEWS, "g", "next granularity" },
        { TUI_IN_VIEWS, "G", "previous granularity" },
        { TUI_IN_VIEWS, "b", "bit fewer" },
        { TUI_IN_VIEWS, "B", "bit more" },
        { TUI_IN_VIEWS, "c", "next clipping" },
        { TUI_IN_VIEWS, "C", "previous clipping" },
        { TUI_IN_VIEWS, "+", "more" },
        { TUI_IN_VIEWS, "-", "less" },
        { TUI_IN_VIEW, "p", "pin" },
        { TUI_IN_COMPARE, "a", "add" },
        { TUI_IN_COMPARE, "d", "drop" },
        { TUI_IN_COMPARE, "e", "spec of the column" },
        { TUI_IN_VIEWS, "J", "next tensor" },
        { TUI_IN_VIEWS, "K", "previous tensor" },
        { TUI_IN_VIEWS, "L", "logarithmic" },
        { TUI_IN_VIEWS, "z", "alone" },
        { TUI_IN_VIEW, "v", "shows" },
        { TUI_IN_VIEWS, "oO", "sort" },
        { TUI_IN_VIEWS, "yY", "copy" },
        { TUI_IN_VIEWS, "w", "figure" },
        { TUI_IN_VIEWS, "u", "undo" },
        { TUI_IN_VIEWS, "\022", "redo" },
        { TUI_IN_VIEWS, ":", "command line" },
        { TUI_IN_VIEWS, "?", "keys" },
        { TUI_IN_VIEWS, "\t", "pane" },
        { TUI_WATCHING, "q", "quit" },
        { TUI_WATCHING, "1", "tensor" },
        { TUI_WATCHING, "2", "several specs" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned bit = 0; bit < CONTEXTS; bit++)
            for (const char *key = rows[i].keys; *key && rows[i].context & 1u << bit; key++) {
                const char *meaning = meaning_of(1u << bit, (tui_key)*key);
                if (!meaning || !strstr(meaning, rows[i].says))
                    fail_msg("%c is '%s', not '%s', in context %u", *key, meaning ? meaning : "nothing", rows[i].says,
                             1u << bit);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_has_two_meanings_in_one_context),
        cmocka_unit_test(every_entry_says_what_it_does),
        cmocka_unit_test(arrows_do_what_hjkl_do),
        cmocka_unit_test(stopping_suspending_redrawing_and_going_back_work_everywhere),
        cmocka_unit_test(letters_mean_what_they_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
