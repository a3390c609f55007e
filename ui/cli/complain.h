/* Everything that goes to stderr as a line. */
#ifndef CLI_COMPLAIN_H
#define CLI_COMPLAIN_H

#include "qloupe.h"

/* "qloupe: MESSAGE" and a newline; text from files and command lines must have been made printable (cli_shown). Returns
   CLI_BAD, so that a command can write `return cli_complain(...)`. */
int cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on every line says first what it is about, such as "FILE: line 3" (printable, copied); NULL: no more. */
void cli_complain_about(const char *place);

/* The library's message, and the exit code that suits its status. */
int cli_complain_error(const ql_error *error);

/* A word from the command line or a file, made printable, in one of a few rotating buffers; at most 120 columns. */
const char *cli_shown(const char *word);
const char *cli_shown_text(ql_text text);

#endif
