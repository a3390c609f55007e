/* keys: prints the table of keys of the terminal interface as Markdown, for README.md. */
#include <stdio.h>

#include "tui/keys.h"

int main(void)
{
    puts("| key | what it does |\n|---|---|");
    tui_entry entry;
    for (size_t i = 0; tui_keys_at(i, &entry); i++) {
        char keys[TUI_ENTRY_KEYS];
        tui_entry_keys(&entry, keys);
        fputs("| `", stdout);
        for (const char *c = keys; *c; c++)
            fputs(*c == ' ' && entry.binding ? "` `" : (char[2]) { *c, 0 }, stdout);
        printf("` | %s |\n", tui_entry_help(&entry));
    }
    return 0;
}
