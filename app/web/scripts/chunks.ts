// Which modules of the console are built into one file: a dozen small ones are larger, and compress less.

interface Graph {
  getModuleInfo(id: string): { importedIds: readonly string[]; importers: readonly string[] } | null
}

/** What some modules import at once, whichever way, with themselves. */
function reach(graph: Graph, from: Iterable<string>): Set<string> {
  const seen = new Set<string>()
  const next = [...from]
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    next.push(...(graph.getModuleInfo(id)?.importedIds ?? []))
  }
  return seen
}

/** Names the file of what the pages share once somebody is signed in: all that the shell needs, and what the desk
 * shares with others. What sign-in needs is in files of its own, and so is what is loaded later. As nothing of it imports
 * what is not in it, but what sign-in needs, no two files import each other. */
export function sharedFile(src: string) {
  let shared: Set<string> | undefined
  return (id: string, graph: Graph): string | null => {
    if (!shared) {
      const [shell, desk] = [`${src}/console.ts`, `${src}/pages/DeskPage.vue`]
      const signIn = reach(graph, [`${src}/main.ts`, `${src}/pages/SignPage.vue`])
      const ofDesk = reach(graph, [desk])
      const withOthers = [...ofDesk].filter(
        (one) => one !== desk && graph.getModuleInfo(one)?.importers.some((by) => !ofDesk.has(by)),
      )
      shared = reach(graph, [shell, ...withOthers])
      for (const one of [shell, ...signIn]) shared.delete(one)
    }
    return shared.has(id) ? 'shared' : null
  }
}
