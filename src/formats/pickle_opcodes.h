/* The opcodes of pickles: what they are called and what runs them. */
#ifndef QL_FORMATS_PICKLE_OPCODES_H
#define QL_FORMATS_PICKLE_OPCODES_H

#include "formats/pickle.h"

typedef struct ql_pickle_opcode {
    const char *name; /* as in pickletools; NULL: there is no such opcode */
    /* Runs it (pickle->opcode is its row): takes what belongs to it from the cursor, works on the stack. A cursor that fails
       is noticed afterwards. NULL: refused. */
    ql_status (*run)(ql_pickle *pickle);
    unsigned size; /* of its number in bytes, or of what it takes in values; or the value itself */
    unsigned kind; /* of what it makes or fills */
} ql_pickle_opcode;

extern const ql_pickle_opcode ql_pickle_opcodes[256];

#endif
