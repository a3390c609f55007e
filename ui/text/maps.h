/* Model files are mapped, and one that is cut meanwhile is an error instead of the program's end. */
#ifndef TEXT_MAPS_H
#define TEXT_MAPS_H

/* Sets the handler for SIGBUS that ql_map_files asks for, and asks for maps. Any other SIGBUS ends the program as without
   it. */
void text_map_files(void);

#endif
