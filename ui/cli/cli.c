/* Runs the command that was named and sees to it that its output has arrived: see cli.h. */
#include "cli/cli.h"

#include "cli/command.h"
#include "cli/compare.h"
#include "cli/complain.h"
#include "cli/progress.h"
#include "text/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether everything written to stdout has arrived. A reader that went away (`| head`) wants no more: that is no fault. */
static int finish_output(int code)
{
    errno = 0;
    bool arrived = fflush(stdout) == 0 && !ferror(stdout);
    if (arrived || errno == EPIPE)
        return code;
    return cli_complain("standard output: %s", errno ? strerror(errno) : "not everything could be written");
}

static int run(const cli_arguments *arguments)
{
    if (cli_is_given(arguments, CLI_VERSION)) {
        printf("qloupe %s\n", QL_VERSION);
        return CLI_GOOD;
    }
    if (cli_is_given(arguments, CLI_HELP)) {
        cli_help_print(arguments->command);
        return CLI_GOOD;
    }
    cli_session session;
    cli_session_begin(&session, arguments);
    int code = arguments->command ? arguments->command->run(&session) : cli_compare_introduce(&session);
    cli_session_end(&session);
    return code;
}

int cli_run(const cli_arguments *arguments)
{
    /* Most output then is one write, whose failure has a reason. */
    static char buffer[1 << 16];
    text_memory_on_end(cli_progress_hide);
    if (!isatty(STDOUT_FILENO))
        setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    return finish_output(run(arguments));
}
