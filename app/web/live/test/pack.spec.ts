import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Server } from './server'

const live = new URL('..', import.meta.url).pathname
let folder: string
let server: Server

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-live-'))
  server = new Server()
})
afterEach(() => {
  server.stop()
  rmSync(folder, { recursive: true })
})

// What npm would publish has all that a program needs: the README's examples compile
// with it as strictly as TypeScript can, and the one for Node runs.
it('is packed whole, and compiles and runs the examples of its README', async () => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: live, encoding: 'utf8' }),
  ) as { filename: string; files: { path: string }[] }[]
  const { filename, files } = packed[0]!
  const paths = files.map((f) => f.path)
  for (const path of ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
    expect(paths).toContain(path)
  expect(paths.filter((p) => !p.startsWith('dist/')).sort()).toEqual(['LICENSE', 'README.md', 'package.json'])

  execFileSync('tar', ['-xzf', filename], { cwd: folder })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  execFileSync('mkdir', [join(folder, 'node_modules')])
  symlinkSync(join(folder, 'package'), join(folder, 'node_modules/paddock-live'))
  for (const needed of ['ws', '@types'])
    symlinkSync(join(live, '../node_modules', needed), join(folder, 'node_modules', needed))

  const examples = [...readFileSync(join(folder, 'package/README.md'), 'utf8').matchAll(/```ts\n([^]*?)```/g)].map(
    (m) => m[1]!,
  )
  expect(examples).toHaveLength(2)
  const program = examples[1]!.replace('wss://paddock.example/api/ws', await server.url()).replace('8f14e45f-…', 'a')
  expect(program).not.toBe(examples[1])
  writeFileSync(join(folder, 'browser.ts'), examples[0]!)
  writeFileSync(join(folder, 'example.ts'), program)
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'dom'],
    types: ['node', 'ws'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  try {
    execFileSync(join(live, '../node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  } catch (e) {
    throw new Error(`The examples do not compile: ${(e as { stdout: string }).stdout}`, { cause: e })
  }

  for (let i = 0; i < 2; i++) server.write('a')
  const run = spawn(process.execPath, ['example.js'], { cwd: folder, env: { ...process.env, PADDOCK_COOKIE: 'a=b' } })
  try {
    let said = ''
    run.stderr.on('data', (text) => (said += text))
    await new Promise<void>((go, fail) => {
      run.stdout.on('data', (text) => {
        said += text
        if (said.includes('2 agent_log')) go()
      })
      run.on('exit', () => fail(new Error(`The example ended: ${said}`)))
    })
    expect(said).toContain('1 agent_log')
  } finally {
    run.kill()
  }
}, 60_000)
