/* Scripts: the keys of --keys, read and checked before anything is shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/key.h"

enum { SCRIPT_LIMIT = 1 << 20 }; /* bytes of a script file */

/* The whole file as a string, NULL when it cannot be read. */
static char *read_file(const char *option, const char *path, ql_error *error)
{
    char *bytes = NULL, shown[256];
    ql_text_print(shown, sizeof shown, ql_text_from(path), 200);
    FILE *file = fopen(path, "re");
    if (file && (bytes = malloc(SCRIPT_LIMIT + 1)) != NULL) {
        size_t size = fread(bytes, 1, SCRIPT_LIMIT + 1, file);
        if (ferror(file) || size > SCRIPT_LIMIT) {
            errno = ferror(file) ? errno : EFBIG;
            free(bytes);
            bytes = NULL;
        } else {
            bytes[size] = 0;
        }
    }
    if (!bytes) {
        error->status = QL_BAD_FILE;
        snprintf(error->message, sizeof error->message, "%s: %s: %s", option, shown, strerror(errno));
    }
    if (file)
        fclose(file);
    return bytes;
}

/* Takes out comments, line ends and the spaces around lines, in place. */
static void strip(char *text)
{
    char *out = text;
    for (char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        char *next = line[size] ? line + size + 1 : line + size;
        size_t end = strcspn(line, "#\n"), begin = strspn(line, " \t\r");
        while (end > begin && strchr(" \t\r", line[end - 1]))
            end--;
        if (begin < end) {
            memmove(out, line + begin, end - begin);
            out += end - begin;
        }
        line = next;
    }
    *out = 0;
}

ql_status tui_script_read(const char *option, const char *argument, tui_script *out, ql_error *error)
{
    *out = (tui_script) { 0 };
    char *text = argument[0] == '@' ? read_file(option, argument + 1, error) : strdup(argument);
    if (!text && argument[0] == '@')
        return error->status;
    tui_key *keys = text ? malloc((strlen(text) + 1) * sizeof *keys) : NULL;
    if (!keys) {
        free(text);
        snprintf(error->message, sizeof error->message, "%s: out of memory", option);
        return error->status = QL_NO_MEMORY;
    }
    if (argument[0] == '@')
        strip(text);
    size_t count = 0;
    const char *at = text;
    for (tui_key key; (key = tui_key_read(&at)) != TUI_KEY_NONE;)
        keys[count++] = key;
    if (*at) {
        char shown[48];
        ql_text_print(shown, sizeof shown, ql_text_from(at), 24);
        error->status = QL_BAD_USAGE;
        snprintf(error->message, sizeof error->message,
                 "%s: no key is spelled like the start of '%s'; <Enter> <Esc> <Tab> <Up> <PgDn> <C-x> and such are "
                 "keys, <lt> is '<'",
                 option, shown);
        free(text);
        free(keys);
        return QL_BAD_USAGE;
    }
    free(text);
    *out = (tui_script) { keys, count, 0 };
    return QL_OK;
}

void tui_script_free(tui_script *script)
{
    free(script->keys);
    *script = (tui_script) { 0 };
}
