/* A folder that is named where a file should be: which file in it is meant. */
#ifndef QL_FORMATS_FOLDER_H
#define QL_FORMATS_FOLDER_H

#include "qloupe.h"

/* *out is NULL when `path` is no folder (or is not there), else the malloced path of what is to be opened in it:
   model.safetensors.index.json, else the only other index, else model.safetensors, else the only file that is named like
   weights. QL_BAD_FILE says what the folder holds. */
ql_status ql_folder_choose(const char *path, char **out, ql_error *error);

#endif
