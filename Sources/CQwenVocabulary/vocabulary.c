#include "CQwenVocabulary.h"
