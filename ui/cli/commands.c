/* The table of commands: see command.h. */
#include "cli/command.h"

#include "text/near.h"

#include <string.h>

static const cli_command *const COMMANDS[] = {
    &cli_command_ls,      &cli_command_stat,    &cli_command_quant,   &cli_command_compare, &cli_command_diff,
    &cli_command_matmul,  &cli_command_plot,    &cli_command_explain, &cli_command_schemes, &cli_command_dtypes,  &cli_command_formats,
    &cli_command_kernels, &cli_command_bench,   &cli_command_help,
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

const cli_command *cli_command_at(size_t index)
{
    return index < COMMAND_COUNT ? COMMANDS[index] : NULL;
}

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    return NULL;
}

static ql_text command_name_at(const void *context, size_t index)
{
    (void)context;
    return ql_text_from(COMMANDS[index]->name);
}

const cli_command *cli_command_near(const char *word)
{
    size_t near;
    return text_near(word, command_name_at, NULL, COMMAND_COUNT, &near, 1) ? COMMANDS[near] : NULL;
}
