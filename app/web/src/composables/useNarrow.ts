import { useMediaQuery } from '@vueuse/core'

/** Whether the window is a telephone's: the pages' links stand at its foot, then. */
export const useNarrow = () => useMediaQuery('(max-width: 640px)')
