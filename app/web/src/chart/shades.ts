import type {
  IChartApi,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts'
import type { Run } from './times'

/** Shades candles behind everything else, and tells of each drawing: scales may have moved. */
export class Shades implements ISeriesPrimitive<Time> {
  private chart: IChartApi | undefined
  private redraw = () => {}
  private runs: Run[] = []
  private colour = 'transparent'
  private readonly views: IPrimitivePaneView[] = [
    { zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.draw(target) }) },
  ]

  constructor(private readonly drawn: () => void) {}

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>) {
    this.chart = chart as IChartApi
    this.redraw = requestUpdate
  }

  detached() {
    this.chart = undefined
    this.redraw = () => {}
  }

  show(runs: Run[], colour: string) {
    this.runs = runs
    this.colour = colour
    this.redraw()
  }

  updateAllViews() {
    this.drawn()
  }

  paneViews() {
    return this.views
  }

  private draw(target: Parameters<IPrimitivePaneRenderer['draw']>[0]) {
    const scale = this.chart?.timeScale()
    const [zero, one] = [scale?.logicalToCoordinate(0 as Logical), scale?.logicalToCoordinate(1 as Logical)]
    if (typeof zero !== 'number' || typeof one !== 'number') return
    const wide = one - zero
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio }) => {
      context.fillStyle = this.colour
      for (const [from, to] of this.runs) {
        const left = Math.round((zero + (from - 0.5) * wide) * horizontalPixelRatio)
        const right = Math.round((zero + (to + 0.5) * wide) * horizontalPixelRatio)
        if (right > 0 && left < bitmapSize.width) context.fillRect(left, 0, right - left, bitmapSize.height)
      }
    })
  }
}
