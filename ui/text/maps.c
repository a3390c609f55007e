/* Mapped model files: see maps.h. */
#include "text/maps.h"

#include "qloupe.h"

#include <signal.h>

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code <= 0 || !ql_fault_absorb(info->si_addr)) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

void text_map_files(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
    ql_map_files(true);
}
