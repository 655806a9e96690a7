import { defineMessages, plural } from '@/i18n/messages';

/** Texts of the steps in which a buyer asks for a linear regression. */
export const messages = defineMessages({
  en: {
    card: {
      title: 'Train a model',
      purpose:
        'Owners train a linear model that predicts one column from others. You pay for how far its error falls, and get the weights.',
      example: 'How far will a disease progress, given age, weight and blood values?',
      steps: { learn: 'What to learn', training: 'Training' },
    },
    features: 'Features',
    featuresHelp:
      'The columns to predict from. Names have to be those of the owners’ columns; an owner whose values leave a range does not fit.',
    target: 'Target',
    targetHelp: 'The column to predict.',
    featureNumber: (number: number) => `Feature ${number}`,
    addFeature: 'Add a feature',
    removeFeature: (name: string) => `Remove ${name}`,
    paste: 'Paste a table…',
    pasteTitle: 'Paste a table of features',
    pasteHelp:
      'One feature a line: name, minimum, maximum and, if you like, a unit. Cells may be copied from a spreadsheet, or separated by commas or semicolons.',
    pasteLabel: 'Table',
    pasteFound: (count: number) => plural(count, '1 feature found.', `${count} features found.`),
    pasteNothing: 'Paste at least one line, for example: bmi, 15, 45, kg/m²',
    pasteProblems: {
      cells: (line: number) => `Line ${line}: write at least a name, a minimum and a maximum.`,
      numbers: (line: number) => `Line ${line}: minimum and maximum have to be numbers, for example 1.5.`,
    },
    pasteUse: 'Use these features',
    sample: 'Read from a sample CSV…',
    sampleTitle: 'Read features from a sample',
    sampleRoles: { feature: 'Feature', target: 'Target', none: 'Not at all' },
    sampleWidenHelp: 'Owners may have values that your sample has not. Too wide a range slows training down.',
    sampleNone: 'Choose at least one feature or the target.',
    columns: { name: 'Name', unit: 'Unit', minimum: 'Minimum', maximum: 'Maximum' },
    training: 'Training',
    trainingHelp: 'The defaults suit most jobs.',
    fineTuning: 'Fine tuning',
    rounds: 'Rounds',
    roundsHelp: 'In each round every trainer improves the shared model once. More rounds take longer and fit better.',
    evaluateEvery: 'Evaluate every … rounds',
    evaluateEveryHelp: 'Each evaluation measures the error and everybody’s contribution, and is recorded on the chain.',
    localSteps: 'Local steps',
    localStepsHelp:
      'Gradient steps of each trainer in a round. More are quicker, but fit worse when owners’ data differ.',
    learningRate: 'Learning rate',
    learningRateHelp: (fallback: string) =>
      `Left empty it is ${fallback}, which cannot diverge. Higher learns quicker, until it diverges.`,
    learningRateNeeded:
      'Without scaling there is no safe default. It has to be below 2 divided by the size of the data’s squares.',
    scaling: 'Scaling',
    scalings: {
      range: 'By the declared ranges (recommended)',
      rangeHelp: 'Every column is mapped onto −1 to 1 before training, so no unit dominates.',
      none: 'None',
      noneHelp: 'The numbers are used as they are. Only for data that is scaled already.',
    },
    averaging: 'Averaging',
    averagings: {
      rows: 'By rows (recommended)',
      rowsHelp: 'A trainer with twice the rows counts twice.',
      uniform: 'All alike',
      uniformHelp: 'Every trainer counts the same.',
    },
    stopsEarly: 'Stop early',
    stopsEarlyHelp: 'End training when the error hardly falls any more.',
    minimumImprovement: 'When it falls by less than',
    patience: 'For … evaluations in a row',
    headroom:
      'With these settings the numbers could outgrow the key. Use a smaller learning rate, fewer rounds or local steps, narrower ranges, or a larger key.',
    problems: {
      featureName: 'Enter the column’s name, or remove the row.',
      targetName: 'Enter the name of the column to predict.',
      noFeature: 'Add at least one feature.',
      tooManyFeatures: (most: number) => `Remove some features: there can be ${most} at most.`,
      repeated: 'This name is there twice. Rename or remove one.',
      targetIsFeature: 'The target cannot be a feature too. Rename it, or remove that feature.',
      rate: 'Enter a number above 0, or leave it empty.',
      rateNeeded: 'Enter a learning rate: without scaling there is no safe default.',
      percent: 'Enter a number from 0 to below 100.',
    },
  },
  es: {
    card: {
      title: 'Entrenar un modelo',
      purpose:
        'Los propietarios entrenan un modelo lineal que predice una columna con otras. Usted paga según cuánto baje su error, y recibe los pesos.',
      example: '¿Cuánto avanzará una enfermedad, según la edad, el peso y los análisis de sangre?',
      steps: { learn: 'Qué aprender', training: 'Entrenamiento' },
    },
    features: 'Características',
    featuresHelp:
      'Las columnas con las que se predice. Los nombres tienen que ser los de las columnas de los propietarios; un propietario con valores fuera de un intervalo no sirve.',
    target: 'Objetivo',
    targetHelp: 'La columna que se predice.',
    featureNumber: (number) => `Característica ${number}`,
    addFeature: 'Añadir una característica',
    removeFeature: (name) => `Quitar ${name}`,
    paste: 'Pegar una tabla…',
    pasteTitle: 'Pegar una tabla de características',
    pasteHelp:
      'Una característica por línea: nombre, mínimo, máximo y, si quiere, una unidad. Las celdas pueden venir de una hoja de cálculo, o ir separadas por comas o puntos y comas.',
    pasteLabel: 'Tabla',
    pasteFound: (count) => plural(count, '1 característica encontrada.', `${count} características encontradas.`),
    pasteNothing: 'Pegue al menos una línea, por ejemplo: imc; 15; 45; kg/m²',
    pasteProblems: {
      cells: (line) => `Línea ${line}: escriba al menos un nombre, un mínimo y un máximo.`,
      numbers: (line) => `Línea ${line}: el mínimo y el máximo tienen que ser números, por ejemplo 1,5.`,
    },
    pasteUse: 'Usar estas características',
    sample: 'Leer de un CSV de muestra…',
    sampleTitle: 'Leer características de una muestra',
    sampleRoles: { feature: 'Característica', target: 'Objetivo', none: 'No usar' },
    sampleWidenHelp:
      'Los propietarios pueden tener valores que no están en su muestra. Un intervalo demasiado ancho frena el entrenamiento.',
    sampleNone: 'Elija al menos una característica o el objetivo.',
    columns: { name: 'Nombre', unit: 'Unidad', minimum: 'Mínimo', maximum: 'Máximo' },
    training: 'Entrenamiento',
    trainingHelp: 'Los valores iniciales sirven para la mayoría de los trabajos.',
    fineTuning: 'Ajuste fino',
    rounds: 'Rondas',
    roundsHelp:
      'En cada ronda cada entrenador mejora una vez el modelo común. Más rondas tardan más y se ajustan mejor.',
    evaluateEvery: 'Evaluar cada … rondas',
    evaluateEveryHelp: 'Cada evaluación mide el error y la contribución de todos, y se anota en la cadena.',
    localSteps: 'Pasos locales',
    localStepsHelp:
      'Pasos de gradiente de cada entrenador en una ronda. Con más se va más rápido, pero se ajusta peor si los datos difieren.',
    learningRate: 'Tasa de aprendizaje',
    learningRateHelp: (fallback) =>
      `Si se deja vacía es ${fallback}, que no puede divergir. Una mayor aprende más rápido, hasta que diverge.`,
    learningRateNeeded:
      'Sin escalado no hay un valor seguro. Tiene que ser menor que 2 dividido por el tamaño de los cuadrados de los datos.',
    scaling: 'Escalado',
    scalings: {
      range: 'Por los intervalos declarados (recomendado)',
      rangeHelp: 'Cada columna se lleva a −1 … 1 antes de entrenar, para que ninguna unidad domine.',
      none: 'Ninguno',
      noneHelp: 'Los números se usan como están. Solo para datos ya escalados.',
    },
    averaging: 'Promedio',
    averagings: {
      rows: 'Por filas (recomendado)',
      rowsHelp: 'Un entrenador con el doble de filas cuenta el doble.',
      uniform: 'Todos por igual',
      uniformHelp: 'Cada entrenador cuenta lo mismo.',
    },
    stopsEarly: 'Parar antes',
    stopsEarlyHelp: 'Terminar el entrenamiento cuando el error ya apenas baje.',
    minimumImprovement: 'Cuando baje menos de un',
    patience: 'Durante … evaluaciones seguidas',
    headroom:
      'Con estos ajustes los números podrían no caber en la clave. Use una tasa de aprendizaje menor, menos rondas o pasos locales, intervalos más estrechos, o una clave mayor.',
    problems: {
      featureName: 'Escriba el nombre de la columna, o quite la fila.',
      targetName: 'Escriba el nombre de la columna que se predice.',
      noFeature: 'Añada al menos una característica.',
      tooManyFeatures: (most) => `Quite algunas características: puede haber ${most} como mucho.`,
      repeated: 'Este nombre está dos veces. Cambie o quite uno.',
      targetIsFeature:
        'El objetivo no puede ser también una característica. Cambie su nombre, o quite esa característica.',
      rate: 'Escriba un número mayor que 0, o déjelo vacío.',
      rateNeeded: 'Escriba una tasa de aprendizaje: sin escalado no hay un valor seguro.',
      percent: 'Escriba un número desde 0 y menor que 100.',
    },
  },
});
