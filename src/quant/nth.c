/* The k-th least of values in memory, float32 and float64. */
#include "quant/select.h"

#define NUMBER   float
#define NTH      ql_nth
#define OF(name) name##_floats
#include "quant/nth_body.h"
#undef NUMBER
#undef NTH
#undef OF

#define NUMBER   double
#define NTH      ql_nth_wide
#define OF(name) name##_doubles
#include "quant/nth_body.h"
